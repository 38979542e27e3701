"""A million vectors in the feature store, compared with plain numpy on files of the same size."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import insert

from benchmarks.measuring.nominal_encoder import DIM, NominalEncoder
from benchmarks.measuring.rows import Figures, median_seconds, row
from benchmarks.measuring.sample_project import STYLES
from db.models import AudioFile, Clip
from db.project import OpenProject, create_project, open_project
from learner.arrays import Float32Array
from learner.features.matrix import FeatureMatrix, open_features
from learner.features.store import FeatureStore, embed_lock

ROWS, BATCH, CHUNK, FETCHED = 1_000_000, 4096, 4096, 1000
KILLED_AFTER = 100
"""Batches that are added before the kill, which then falls in the middle of a shard."""

_FOLDER = tempfile.TemporaryDirectory(prefix="earmark-bench-", ignore_cleanup_errors=True)


def _batch(number: int, count: int) -> Float32Array:
    """The vectors of a batch; the first two values of each encode its row."""
    vectors = np.random.default_rng(number).standard_normal((1, DIM), dtype=np.float32).repeat(count, axis=0)
    vectors[:, 0] = number % 1000
    vectors[:, 1] = np.arange(count) % 1000
    return vectors


def _with_clips(folder: Path) -> OpenProject:
    project = create_project(folder, labels=STYLES)
    audio = {"sampling_rate": 16_000, "channels": 1, "duration": 1e7, "size": 1, "mtime_ns": 1}
    clip = {"file_id": 1, "content_hash": "0" * 64, "created_at": 0.0}
    with project.write() as session:
        session.execute(insert(AudioFile), [{"path": "/nowhere.wav", "content_hash": "0" * 64, **audio}])
        for first in range(0, ROWS, 50_000):
            spans = range(first, first + 50_000)
            session.execute(
                insert(Clip), [{**clip, "file_name": f"{n}", "start": n, "end": n + 1, "slice_key": n} for n in spans]
            )
    return project


def _batches(first: int) -> Iterator[tuple[int, list[int]]]:
    """Numbers of batches from the one that begins at row `first`, and their clips."""
    for start in range(first, ROWS, BATCH):
        yield start // BATCH, list(range(start + 1, min(start + BATCH, ROWS) + 1))


def _add_until_killed(folder: Path) -> None:
    project = open_project(folder)
    with embed_lock(project):
        store = FeatureStore(project, NominalEncoder())
        for number, clips in _batches(0):
            if number == KILLED_AFTER:
                os.kill(os.getpid(), 9)
            store.append(clips, _batch(number, len(clips)))


@cache
def _filled() -> tuple[OpenProject, float, float]:
    """The project with a million rows, the seconds that adding them took, and the seconds to resume.

    One process began to add them and was killed; a second one continued.
    """
    project = _with_clips(Path(_FOLDER.name) / "project")
    began = time.perf_counter()
    child = multiprocessing.get_context("spawn").Process(target=_add_until_killed, args=(project.directory,))
    child.start()
    child.join()
    killed = time.perf_counter()
    assert child.exitcode == -9, child.exitcode
    with embed_lock(project):
        store = FeatureStore(project, NominalEncoder())
        ready = time.perf_counter()
        for number, clips in _batches(KILLED_AFTER * BATCH):
            store.append(clips, _batch(number, len(clips)))
    done = time.perf_counter()
    _check(_features(project))
    return project, (killed - began) + (done - ready), ready - killed


def filled_project() -> OpenProject:
    """The project with a million rows."""
    return _filled()[0]


def plain_maps() -> list[NDArray[np.float16]]:
    """The same vectors in files of plain numpy, mapped into memory."""
    return _plain()[0]


def _features(project: OpenProject) -> FeatureMatrix:
    features = open_features(project)
    assert features is not None
    return features


def _check(features: FeatureMatrix) -> None:
    """Check that every row is there and holds its own vector."""
    assert np.array_equal(np.sort(features.clip_ids), np.arange(1, ROWS + 1))
    wanted = np.random.default_rng(1).choice(ROWS, 5000, replace=False)
    found = features.rows(wanted + 1)
    assert np.array_equal(found[:, 0], wanted // BATCH % 1000)
    assert np.array_equal(found[:, 1], wanted % BATCH % 1000)


@cache
def _plain() -> tuple[list[NDArray[np.float16]], float]:
    """The same vectors in files of plain numpy, mapped into memory; seconds to write them."""
    folder = Path(_FOLDER.name) / "plain"
    folder.mkdir()
    began = time.perf_counter()
    for number, clips in _batches(0):
        with (folder / f"{number}.npy").open("wb") as file:
            np.save(file, _batch(number, len(clips)).astype(np.float16))
            file.flush()
            os.fsync(file.fileno())
    seconds = time.perf_counter() - began
    return [np.load(folder / f"{number}.npy", mmap_mode="r") for number, _ in _batches(0)], seconds


@row(
    "store-add",
    what="Adding a million feature vectors",
    against="`numpy.save` and fsync of the same batches, without any row map",
)
def measure_adding() -> Figures:
    """The row map is included. The first process is killed with SIGKILL in the middle of a shard, and a second one continues."""
    _, ours, resumed = _filled()
    _, theirs = _plain()
    details = f"{ROWS:,} x {DIM}, {BATCH} at a time; after a SIGKILL in the middle of a shard ready again in {resumed:.2f} s"
    return Figures(ours=ours, theirs=theirs, unit="s", details=details)


@row(
    "store-score",
    what="Scanning and scoring a million",
    against="chunks of a memory map cast to float32 and multiplied by plain numpy",
)
def measure_scoring() -> Figures:
    """With a head for four labels; the files are in the page cache on both sides."""
    features = _features(_filled()[0])
    maps, _ = _plain()
    weights = np.random.default_rng(2).standard_normal((DIM, len(STYLES)), dtype=np.float32)

    def ours() -> list[Float32Array]:
        return [chunk @ weights for chunk in features.chunks(CHUNK)]

    def theirs() -> list[Float32Array]:
        return [chunk.astype(np.float32) @ weights for chunk in maps]

    mine, plain = median_seconds(ours, repetitions=3), median_seconds(theirs, repetitions=3)
    return Figures(ours=mine, theirs=plain, unit="s", details=f"{ROWS:,} x {DIM}")


@row(
    "store-fetch",
    what="Fetching 1,000 random vectors of a million",
    against="rows of one memory map each by plain numpy, row by row",
)
def measure_fetching() -> Figures:
    """Rows are fetched by clip, in random order."""
    features = _features(_filled()[0])
    maps, _ = _plain()
    wanted = np.random.default_rng(3).choice(ROWS, FETCHED, replace=False)

    def theirs() -> Float32Array:
        return np.stack([maps[row // BATCH][row % BATCH] for row in wanted.tolist()]).astype(np.float32)

    mine = median_seconds(lambda: features.rows(wanted + 1), repetitions=20)
    plain = median_seconds(theirs, repetitions=20)
    return Figures(ours=mine * 1000, theirs=plain * 1000, unit="ms", details=f"{ROWS:,} x {DIM}, in the page cache")
