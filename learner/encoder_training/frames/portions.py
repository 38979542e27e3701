"""Clips of frames side by side, in portions of a batch that fit in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from learner.arrays import Float16Array, Int64Array

MICRO_SECONDS_CPU, MICRO_SECONDS_GPU = 24.0, 240.0
"""Audio, with its padding, that goes through the network at once; a batch is the sum of the gradients of such portions."""


def micro_seconds(device: str) -> float:
    """Seconds of audio in a portion."""
    return MICRO_SECONDS_GPU if device.startswith("cuda") else MICRO_SECONDS_CPU


@dataclass(frozen=True)
class Portion:
    """Clips side by side."""

    rows: Int64Array
    frames: torch.Tensor
    """[clips, most frames, channels], zeros behind a clip's end."""
    lengths: torch.Tensor
    """Frames of each."""

    def to(self, device: str) -> Portion:
        """The same on a device."""
        return Portion(self.rows, self.frames.to(device), self.lengths.to(device))


def cropped(frames: Float16Array, most: int, rng: np.random.Generator | None) -> Float16Array:
    """At most so many frames: from a random place, or without a generator from the start."""
    if len(frames) <= most:
        return frames
    start = 0 if rng is None else int(rng.integers(0, len(frames) - most + 1))
    return frames[start : start + most]


def portions(rows: Sequence[int], clips: Sequence[Float16Array], *, most_frames: int) -> Iterator[Portion]:
    """The clips of these rows in portions of at most so many frames with their padding; at least one clip in each."""
    order = sorted(range(len(rows)), key=lambda place: (len(clips[place]), place))
    start = 0
    for end in range(1, len(order) + 1):
        full = end == len(order) or (end + 1 - start) * len(clips[order[end]]) > most_frames
        if full:
            places = order[start:end]
            yield _portion([rows[place] for place in places], [clips[place] for place in places])
            start = end


def _portion(rows: list[int], clips: list[Float16Array]) -> Portion:
    frames = nn.utils.rnn.pad_sequence([torch.from_numpy(clip.astype(np.float32)) for clip in clips], batch_first=True)
    return Portion(np.array(rows, dtype=np.int64), frames, torch.tensor([len(clip) for clip in clips]))
