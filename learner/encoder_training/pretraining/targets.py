"""What a student learns to predict of its crops: the targets, and the statistics that standardise them.

`frames`, `descriptors`: hand-made, see `descriptors`. `teacher`: a vector of the clip, BYOL-S's embedding or mean and deviation
over time of an encoder's frames. `teacher_frames`: an encoder's frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from learner.arrays import Float16Array, Float32Array
from learner.encoder_training.augment import SAMPLING_RATE
from learner.encoder_training.pretraining.descriptors import Descriptors
from learner.encoder_training.pretraining.encoder_teacher import EncoderTeacher
from learner.encoder_training.pretraining.teacher import Teacher

if TYPE_CHECKING:
    import torch

_AT_ONCE = 64
_LARGEST = 5.0
"""Deviations at which a target is cut off."""


@dataclass(frozen=True)
class TeacherChoice:
    """Who teaches: the state dict of BYOL-S, or any encoder with frames.

    Args:
        byols: the file of the state dict.
        encoder, layers: as `encoder_named` takes them.
    """

    byols: Path | None = None
    encoder: str | None = None
    layers: str | None = None


@dataclass(frozen=True)
class Statistics:
    """Means and deviations of the targets, and of the teacher's input, over crops of the recipe."""

    arrays: dict[str, Float32Array]

    def standardised(self, name: str, values: Float32Array) -> Float16Array:
        """Values in standard deviations from the mean, cut off at five of them."""
        deviations = (values - self.arrays[f"{name}_mean"]) / self.arrays[f"{name}_scale"]
        clipped: Float16Array = np.clip(deviations, -_LARGEST, _LARGEST).astype(np.float16)
        return clipped

    @property
    def widths(self) -> dict[str, int]:
        """Length of each target's vectors."""
        return {name.removesuffix("_scale"): array.shape[-1] for name, array in self.arrays.items() if name.endswith("_scale")}


def pooled(frames: torch.Tensor) -> torch.Tensor:
    """Mean and deviation over time, [n, 2 x width], of frames [n, frames, width]."""
    import torch

    mean = frames.mean(dim=1)
    spread = ((frames - mean[:, None]).square().mean(dim=1) + 1e-6).sqrt()
    return torch.cat([mean, spread], dim=1)


class Targets:
    """Computes the targets of crops; holds the teacher."""

    def __init__(self, choice: TeacherChoice) -> None:
        """Load the teacher.

        Raises:
            EncoderError: as `Teacher` and `EncoderTeacher`.
        """
        self._described = Descriptors()
        self._byols = Teacher(choice.byols) if choice.byols is not None else None
        self._encoder = (
            EncoderTeacher(choice.encoder, layers=choice.layers, sampling_rate=SAMPLING_RATE)
            if choice.encoder is not None
            else None
        )

    @property
    def spacing(self) -> tuple[float, int] | None:
        """Centre of the teacher's first frame and distance of its frames, in samples."""
        return self._encoder.spacing if self._encoder is not None else None

    def measured(self, crops: Float32Array) -> Statistics:
        """The statistics of the targets of crops [n, samples]."""
        import torch

        arrays: dict[str, Float32Array] = {}
        portions = torch.split(torch.from_numpy(crops), _AT_ONCE)
        frames = torch.cat([self._described.frames(some) for some in portions])
        _measure(arrays, "frames", frames.flatten(0, 1))
        _measure(arrays, "descriptors", self._described.clips(frames))
        if self._byols is not None:
            pictures = torch.cat([self._byols.mel(some) for some in portions])
            mean, scale = float(pictures.mean()), float(pictures.std())
            arrays["picture_mean"], arrays["picture_spread"] = np.array([mean], np.float32), np.array([scale], np.float32)
            embedded = torch.cat([self._byols.embeddings(some, mean=mean, scale=scale) for some in portions])
            _measure(arrays, "teacher", embedded)
        if self._encoder is not None:
            states = torch.cat([self._encoder.frames(some) for some in portions])
            # A mean for each place in time: Whisper adds its positions to the states, which no student that sees no beginning can
            # predict.
            places = states.mean(dim=0)
            scale_of = (states - places).flatten(0, 1).std(dim=0).clamp(min=1e-3)
            arrays["teacher_frames_mean"], arrays["teacher_frames_scale"] = places.numpy(), scale_of.numpy()
            _measure(arrays, "teacher", pooled((states - places) / scale_of))
        return Statistics(arrays)

    def of(self, crops: Float32Array, statistics: Statistics) -> dict[str, Float16Array]:
        """Standardised targets of a few crops [n, samples].

        `frames` and `teacher_frames` are [n, frames, width]; `descriptors` and `teacher` [n, width].
        """
        import torch

        waveforms = torch.from_numpy(crops)
        frames = self._described.frames(waveforms)
        found = {
            "frames": statistics.standardised("frames", frames.numpy()),
            "descriptors": statistics.standardised("descriptors", self._described.clips(frames).numpy()),
        }
        if self._byols is not None:
            mean, scale = (float(statistics.arrays[f"picture_{what}"][0]) for what in ("mean", "spread"))
            embedded = self._byols.embeddings(waveforms, mean=mean, scale=scale)
            found["teacher"] = statistics.standardised("teacher", embedded.numpy())
        if self._encoder is not None:
            states = statistics.standardised("teacher_frames", self._encoder.frames(waveforms).numpy())
            found["teacher_frames"] = states
            found["teacher"] = statistics.standardised("teacher", pooled(torch.from_numpy(states).float()).numpy())
        return found

    def portions(self, crops: Float32Array) -> list[Float32Array]:
        """Crops as many at a time as targets are made of."""
        return [crops[start : start + _AT_ONCE] for start in range(0, len(crops), _AT_ONCE)]


def _measure(arrays: dict[str, Float32Array], name: str, values: torch.Tensor) -> None:
    arrays[f"{name}_mean"] = values.mean(dim=0).numpy()
    arrays[f"{name}_scale"] = values.std(dim=0).clamp(min=1e-3).numpy()
