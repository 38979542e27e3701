"""Crops of a fixed length for training, and windows that cover a clip for testing. A clip that is shorter is repeated."""

from __future__ import annotations

import numpy as np

from learner.arrays import Float16Array, Float32Array

MOST_WINDOWS = 12
"""Of one clip; a longer clip is looked at in so many places, evenly spaced."""


def crop(spectrogram: Float16Array | Float32Array, *, frames: int, rng: np.random.Generator) -> Float32Array:
    """A stretch [bands, frames] at a random place."""
    length = spectrogram.shape[1]
    begin = int(rng.integers(max(length - frames, 0) + 1)) if length >= frames else int(rng.integers(length))
    return _stretch(spectrogram, begin, frames)


def windows(spectrogram: Float16Array | Float32Array, *, frames: int) -> Float32Array:
    """The whole clip as [windows, bands, frames]: the fewest that cover it, evenly spaced; they may overlap."""
    length = spectrogram.shape[1]
    count = min(-(-length // frames), MOST_WINDOWS)
    begins = np.linspace(0, max(length - frames, 0), count).round().astype(np.int64)
    return np.stack([_stretch(spectrogram, begin, frames) for begin in begins.tolist()])


def _stretch(spectrogram: Float16Array | Float32Array, begin: int, frames: int) -> Float32Array:
    length = spectrogram.shape[1]
    if length >= frames:
        return spectrogram[:, begin : begin + frames].astype(np.float32)
    return np.take(spectrogram, np.arange(begin, begin + frames), axis=1, mode="wrap").astype(np.float32)
