"""Short crops of speech files: which files there are, and the crop that a number stands for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from db.errors import AudioError, EncoderError
from db.imports.folder import AUDIO_SUFFIXES
from db.project import OpenProject
from db.records.clips import ready_paths
from learner.arrays import Float32Array
from learner.audio.decoding import audio_info, decode
from learner.encoder_training.augment import FASTEST, SAMPLING_RATE, distorted, levelled

_SHORTEST = 0.5
"""Seconds; shorter files have nothing to crop."""
_TRIES = 4


@dataclass(frozen=True)
class SpeechFile:
    """A file that can be read, and its duration in seconds."""

    path: str
    duration: float


def speech_files(folders: Sequence[Path]) -> list[SpeechFile]:
    """The audio files below these folders that can be read, in the order of their names.

    Raises:
        EncoderError: there are none.
    """
    paths = sorted(
        os.path.join(place, name)
        for folder in folders
        for place, _, names in os.walk(folder)
        for name in names
        if Path(name).suffix.lower() in AUDIO_SUFFIXES
    )
    found = [file for path in paths if (file := _speech_file(path))]
    if not found:
        named = ", ".join(repr(str(folder)) for folder in folders)
        raise EncoderError(
            f"There is no audio file of {_SHORTEST} s or more that can be read in {named}; give a folder with speech."
        )
    return found


def project_files(project: OpenProject) -> list[SpeechFile]:
    """The files of a project's clips.

    Raises:
        EncoderError: it has none that can be read.
    """
    with project.read() as session:
        paths = ready_paths(session)
    found = [file for path in paths if (file := _speech_file(path))]
    if not found:
        raise EncoderError("This project has no clips that can be read; import some, or name a folder with speech.")
    return found


def _speech_file(path: str) -> SpeechFile | None:
    try:
        duration = audio_info(path).duration
    except AudioError:
        return None
    return SpeechFile(path, duration) if duration >= _SHORTEST else None


@dataclass(frozen=True)
class Cropper:
    """Draws crops of `samples` samples at 16 kHz; a share of them distorted, all at varied levels."""

    files: Sequence[SpeechFile]
    samples: int
    distorted_share: float

    def crop(self, rng: np.random.Generator) -> Float32Array:
        """One crop [samples]; files are chosen by their length, and stretches that are nearly silent are skipped."""
        lengths = np.array([file.duration for file in self.files])
        chances = np.minimum(lengths, 60.0)
        distort = rng.random() < self.distorted_share
        wanted = self.samples * (FASTEST * 1.1 if distort else 1.0)
        source = np.zeros(self.samples, np.float32)
        for _ in range(_TRIES):
            file = self.files[int(rng.choice(len(chances), p=chances / chances.sum()))]
            source = _read(file, int(wanted), rng)
            if np.sqrt(np.mean(np.square(source))) > 1e-3:
                break
        if distort:
            return distorted(source, self.samples, rng)
        return levelled(source[: self.samples], rng)


def _read(file: SpeechFile, samples: int, rng: np.random.Generator) -> Float32Array:
    """`samples` samples from a random place; a file that is shorter is repeated."""
    seconds = samples / SAMPLING_RATE
    start = float(rng.uniform(0.0, max(file.duration - seconds, 0.0)))
    try:
        source = decode(file.path, start=start, end=min(start + seconds, file.duration), sampling_rate=SAMPLING_RATE)
    except AudioError:
        return np.zeros(samples, np.float32)
    return np.resize(source, samples).astype(np.float32) if len(source) else np.zeros(samples, np.float32)
