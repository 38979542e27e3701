"""Audio files for tests: tones, noise, and every kind of broken file."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from db.project import OpenProject
from db.records.clips import NewClip, NewFile, register_clip
from learner.audio.decoding import audio_info, content_hash

RATE = 16_000


def noise(seconds: float, *, seed: int = 0, level: float = 0.1, sampling_rate: int = RATE) -> NDArray[np.float32]:
    """White noise."""
    return (np.random.default_rng(seed).standard_normal(round(seconds * sampling_rate)) * level).astype(np.float32)


def tone(hertz: float, seconds: float, *, sampling_rate: int = RATE) -> NDArray[np.float32]:
    """A sine of amplitude 0.5."""
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * sampling_rate)) / sampling_rate)).astype(np.float32)


def written(path: Path, samples: NDArray[np.float32], *, sampling_rate: int = RATE, subtype: str | None = None) -> Path:
    """Write samples as the suffix says; the path."""
    soundfile.write(path, samples, sampling_rate, subtype=subtype)
    return path


def cut(path: Path, share: float) -> Path:
    """Keep the first `share` of the bytes; the path."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def import_files(
    project: OpenProject, paths: Sequence[Path], *, spans: dict[str, tuple[float, float]] | None = None
) -> list[int]:
    """Register files as clips, unchecked; their ids. `spans` maps a file's name to start and end."""
    rng = random.Random(0)
    ids = []
    for path in paths:
        info, state = audio_info(path), path.stat()
        start, end = (spans or {}).get(path.name, (0.0, info.duration))
        file = NewFile(
            path=str(path),
            content_hash=content_hash(path),
            size=state.st_size,
            mtime_ns=state.st_mtime_ns,
            sampling_rate=info.sampling_rate,
            channels=info.channels,
            duration=info.duration,
        )
        with project.write() as session:
            ids.append(register_clip(session, NewClip(file=file, file_name=path.name, start=start, end=end), rng=rng).clip_id)
    return ids
