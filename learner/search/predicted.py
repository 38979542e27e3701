"""What the head of each run predicts for the clips that nobody had answered: kept, so that an export can be made again later.

One file of plain arrays a run, beside the heads. Together they take at most `MOST_BYTES`; then the oldest are deleted.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from db.errors import LearnerError
from db.store.files import whole_file
from learner.array_files import ArrayFile
from learner.arrays import Float32Array, Int64Array

MOST_BYTES = 2**30
_FILE = re.compile(r"predicted_(\d+)\.npz")
_PRUNED = "older_predictions_were_deleted"


@dataclass(frozen=True)
class StoredPredictions:
    """The predictions of one run."""

    run: int
    written_at: float
    """Seconds since 1970."""
    clip_ids: Int64Array
    """[clips], ascending."""
    label_ids: Int64Array
    """[clips]: the most probable label."""
    chances: Float32Array
    """[clips]: its probability, 0 to 1."""

    def of(self, clip_ids: Sequence[int]) -> Mapping[int, tuple[int, float]]:
        """Label id and probability by clip id, for the clips that have a prediction."""
        wanted = np.asarray(clip_ids, dtype=np.int64)
        places = np.searchsorted(self.clip_ids, wanted)
        found = places < len(self.clip_ids)
        found[found] = self.clip_ids[places[found]] == wanted[found]
        places = places[found]
        labels, chances = self.label_ids[places].tolist(), self.chances[places].tolist()
        return {clip: (label, chance) for clip, label, chance in zip(wanted[found].tolist(), labels, chances, strict=True)}


class PredictionsKept:
    """Notes what passes by on its way to another reader, and writes it as the predictions of a run."""

    def __init__(self, label_ids: Sequence[int]) -> None:
        self._labels = np.asarray(label_ids, dtype=np.int64)
        self._clips: list[Int64Array] = [np.zeros(0, dtype=np.int64)]
        self._found: list[Int64Array] = [np.zeros(0, dtype=np.int64)]
        self._chances: list[Float32Array] = [np.zeros(0, dtype=np.float32)]

    def noted(self, chunks: Iterable[tuple[Int64Array, Float32Array]]) -> Iterator[tuple[Int64Array, Float32Array]]:
        """The same chunks: clip ids [n] and probabilities [n, labels]."""
        for clip_ids, probabilities in chunks:
            best = probabilities.argmax(axis=1)
            self._clips.append(clip_ids.astype(np.int64))
            self._found.append(self._labels[best])
            self._chances.append(np.take_along_axis(probabilities, best[:, np.newaxis], axis=1)[:, 0].astype(np.float32))
            yield clip_ids, probabilities

    def write(self, folder: Path, run_id: int) -> None:
        """Write what was noted to the folder of heads, and delete what is too old to be kept.

        What was written for the run before is kept: exports of then were made with it. A learner that starts anew scores a run
        again that was cut off.

        Raises:
            LearnerError: the folder cannot be written to.
        """
        clips = np.concatenate(self._clips)
        order = np.argsort(clips, kind="stable")
        found, chances = np.concatenate(self._found)[order], np.concatenate(self._chances)[order]
        path = folder / f"predicted_{run_id}.npz"
        if _is_sound(path):
            return
        with _writing(path):
            _write(path, StoredPredictions(run_id, time.time(), clips[order], found, chances))
            delete_old_predictions(folder)


def read_predictions(folder: Path, *, as_of: float | None = None) -> StoredPredictions | None:
    """The newest predictions that were there at a time (seconds since 1970; None for now); None before the first.

    Raises:
        LearnerError: a file is damaged, or the predictions of that time are not kept any more.
    """
    runs = _stored_runs(folder)
    for run in sorted(runs, reverse=True):
        found = _read(folder / f"predicted_{run}.npz")
        if as_of is None or found.written_at <= as_of:
            return found
    if runs and (folder / _PRUNED).exists():
        raise LearnerError(
            f"What was predicted then is not kept any more; the oldest predictions that are kept are those of run {min(runs)}. "
            "Export without predicted labels, or as of a later time."
        )
    return None


def delete_old_predictions(folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
    """Delete the oldest files until all together are small enough; the newest one is always kept."""
    left = most_bytes
    for place, run in enumerate(sorted(_stored_runs(folder), reverse=True)):
        path = folder / f"predicted_{run}.npz"
        left -= path.stat().st_size
        if place and left < 0:
            path.unlink(missing_ok=True)
            (folder / _PRUNED).touch()


def forget_predictions(folder: Path, clip_ids: Sequence[int]) -> None:
    """Take these clips out of the predictions of every run. A file that is damaged is deleted: nobody can tell what it holds.

    Raises:
        LearnerError: the folder cannot be written to.
    """
    for run in _stored_runs(folder):
        path = folder / f"predicted_{run}.npz"
        try:
            found = _read(path)
        except LearnerError:
            path.unlink(missing_ok=True)
            (folder / _PRUNED).touch()
            continue
        kept = ~np.isin(found.clip_ids, clip_ids)
        if not kept.all():
            labels, chances = found.label_ids[kept], found.chances[kept]
            with _writing(path):
                _write(path, replace(found, clip_ids=found.clip_ids[kept], label_ids=labels, chances=chances))


def _write(path: Path, found: StoredPredictions) -> None:
    arrays = {
        "clip_ids": found.clip_ids.astype(np.int32),
        "label_ids": found.label_ids.astype(np.int32),
        "chances": found.chances,
    }
    facts = json.dumps({"run": found.run, "written_at": found.written_at})
    with whole_file(path) as file:
        np.savez(file, facts=np.array(facts), allow_pickle=False, **arrays)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LearnerError(
            f"{path} cannot be written ({error.strerror}); free space on the disk or fix its permissions."
        ) from error


def _stored_runs(folder: Path) -> list[int]:
    names = (_FILE.fullmatch(path.name) for path in folder.iterdir() if path.is_file())
    return [int(name[1]) for name in names if name]


def _is_sound(path: Path) -> bool:
    try:
        _read(path)
    except LearnerError:
        return False
    return True


def _read(path: Path) -> StoredPredictions:
    try:
        with ArrayFile(path) as arrays:
            return _checked(arrays)
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError) as error:
        raise LearnerError(f"{path} is damaged; delete it, and run `earmark learn --once` to predict anew.") from error


def _checked(arrays: ArrayFile) -> StoredPredictions:
    facts = json.loads(str(arrays["facts"]))
    clips, labels, chances = arrays["clip_ids"], arrays["label_ids"], arrays["chances"]
    if clips.ndim != 1 or not clips.shape == labels.shape == chances.shape:
        raise ValueError("shapes differ")
    if clips.dtype.kind not in "iu" or labels.dtype.kind not in "iu" or chances.dtype.kind != "f":
        raise ValueError("these are no predictions")
    if not ((clips[1:] > clips[:-1]).all() and ((chances >= 0) & (chances <= 1)).all()):
        raise ValueError("clips are not in order, or a probability is none")
    return StoredPredictions(
        int(facts["run"]), float(facts["written_at"]), clips.astype(np.int64), labels.astype(np.int64), chances.astype(np.float32)
    )
