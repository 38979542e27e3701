"""From the hidden states of a clip to one vector: which layers, and which statistics over time.

Statistics are kept as count, mean and sum of squared deviations, so that a clip encoded window by window gives exactly what its
frames would give together (Chan, Golub, LeVeque 1979).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from db.errors import EncoderError
from learner.arrays import Float32Array, Float64Array

Frames = NDArray[np.floating]
POOLINGS = ("mean", "mean+std")


@dataclass(frozen=True)
class Layers:
    """Hidden layers of one encoder: 0 is the input of the first transformer layer, `count - 1` the output of the last."""

    indices: tuple[int, ...]
    averaged: bool
    """The layers are averaged frame by frame, and that average is pooled."""
    apart: bool
    """The layers are pooled one by one and put side by side; with `averaged` too, the average comes last."""

    @property
    def parts(self) -> int:
        """How many times the hidden size the pooled mean is wide."""
        return len(self.indices) * self.apart + self.averaged


def parse_layers(text: str, *, count: int) -> Layers:
    """Read `"5"`, `"0,3,6"`, `"mean"` (the average of all) or `"all"` (all side by side) for an encoder of `count` hidden layers.

    `"all+mean"` is all of them side by side and then their average; `earmark probe` takes its candidates from it.

    Raises:
        EncoderError: it is none of these, or names a layer that does not exist.
    """
    wanted = text.strip().lower()
    if wanted in {"mean", "all", "all+mean"}:
        return Layers(indices=tuple(range(count)), averaged=wanted != "all", apart=wanted != "mean")
    try:
        indices = tuple(int(part) for part in wanted.split(","))
    except ValueError:
        indices = ()
    if not indices or len(set(indices)) != len(indices) or not all(0 <= index < count for index in indices):
        raise EncoderError(
            f"Layers {text!r} cannot be used; give numbers from 0 to {count - 1} such as 0,{count - 1}, or mean, or all."
        )
    return Layers(indices=indices, averaged=False, apart=True)


def checked_pooling(text: str) -> str:
    """`text` if it is a pooling.

    Raises:
        EncoderError: it is not; the message lists the poolings.
    """
    if text not in POOLINGS:
        raise EncoderError(f"Pooling {text!r} is not known; choose one of {', '.join(POOLINGS)}.")
    return text


def pooled_width(width: int, *, pooling: str) -> int:
    """Length of a pooled vector of `width` values a frame."""
    return width * (2 if pooling == "mean+std" else 1)


class Moments:
    """Running mean and spread of frames, one window after the other."""

    def __init__(self) -> None:
        self._count = 0
        self._mean: Float64Array = np.zeros(0)
        self._squares: Float64Array = np.zeros(0)

    def add(self, frames: Frames) -> None:
        """Take in frames of shape [n, width]."""
        wide = np.asarray(frames, dtype=np.float64)
        mean = wide.mean(axis=0)
        self.merge(len(wide), mean, ((wide - mean) ** 2).sum(axis=0))

    def merge(self, count: int, mean: Frames, squares: Frames) -> None:
        """Take in `count` frames of which the mean and the summed squared deviations from it are known, each of shape [width]."""
        if self._count == 0:
            self._count, self._mean, self._squares = count, np.asarray(mean, np.float64), np.asarray(squares, np.float64)
            return
        total = self._count + count
        # Frames that are not finite make a vector that is not finite, which is set aside; numpy need not warn of it.
        with np.errstate(invalid="ignore", over="ignore"):
            step = np.asarray(mean, np.float64) - self._mean
            self._mean = self._mean + step * (count / total)
            self._squares = self._squares + np.asarray(squares, np.float64) + step**2 * (self._count * count / total)
        self._count = total

    def pooled(self, pooling: str) -> Float32Array:
        """The vector: mean, or mean and (population) standard deviation side by side."""
        with np.errstate(invalid="ignore", over="ignore"):
            if pooling == "mean":
                return self._mean.astype(np.float32)
            return np.concatenate([self._mean, np.sqrt(self._squares / self._count)]).astype(np.float32)
