"""A store in memory that stands for any other: fsspec offers it under memory://."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import fsspec
import numpy as np
import pytest
import soundfile

from learner.audio.elsewhere.local_copy import forget_remembered

BUCKET = "memory://secret-bucket"


def wav(seed: int, *, seconds: float = 0.5) -> bytes:
    """A WAV file of noise."""
    file = io.BytesIO()
    samples = np.random.default_rng(seed).normal(0, 0.1, round(seconds * 16_000)).astype(np.float32)
    soundfile.write(file, samples, 16_000, format="WAV")
    return file.getvalue()


def put(name: str, content: bytes) -> str:
    """Put an object into the bucket; its address."""
    path = f"/secret-bucket/{name}"
    fsspec.filesystem("memory").pipe(path, content)
    return f"memory://{path}"


def remove(name: str) -> None:
    """Remove an object."""
    fsspec.filesystem("memory").rm(f"/secret-bucket/{name}")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the cache; the store is emptied."""
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path / "kept"))
    store = fsspec.filesystem("memory")
    store.store.clear()
    forget_remembered()
    yield tmp_path / "kept" / "audio"
    store.store.clear()
    store.pseudo_dirs[:] = [""]
    forget_remembered()
