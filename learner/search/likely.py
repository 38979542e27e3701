"""For each label, the most probable unanswered clips by the newest head: written by the learner, read by the app.

A file of plain arrays beside the heads, replaced whole. The app process reads it without loading a classifier, and nothing
is scored while somebody waits for a page.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from db.errors import LearnerError
from db.store.files import whole_file
from learner.array_files import ArrayFile
from learner.arrays import Float32Array, Int64Array

MOST = 2000
"""Clips listed for each label."""
_NAME = "likely.npz"


@dataclass(frozen=True)
class LikelyClips:
    """The lists of one run, a row a label, most probable first."""

    run_id: int
    label_ids: list[int]
    clip_ids: Int64Array
    """[labels, clips]."""
    chances: Float32Array
    """[labels, clips]: probability of the label by the head, 0 to 1."""

    def of(self, label_id: int) -> Iterator[tuple[int, float]]:
        """Clip and probability of this label; nothing for a label that the head does not know."""
        if label_id in self.label_ids:
            row = self.label_ids.index(label_id)
            yield from zip(self.clip_ids[row].tolist(), self.chances[row].tolist(), strict=True)


def most_likely(
    chunks: Iterable[tuple[Int64Array, Float32Array]], *, run_id: int, label_ids: list[int], most: int = MOST
) -> LikelyClips:
    """The lists from all unanswered clips.

    Args:
        chunks: clip ids [n] and probabilities [n, labels] in the order of `label_ids`.
        most: clips a label at most.
    """
    clips = np.zeros((len(label_ids), 0), dtype=np.int64)
    chances = np.zeros((len(label_ids), 0), dtype=np.float32)
    for ids, probabilities in chunks:
        clips = np.concatenate([clips, np.broadcast_to(ids, (len(label_ids), len(ids)))], axis=1)
        chances = np.concatenate([chances, probabilities.T], axis=1)
        if clips.shape[1] > 4 * most:
            kept = np.argpartition(-chances, most, axis=1)[:, :most]
            clips, chances = _taken(kept, clips, chances)
    order = np.argsort(-chances, axis=1, kind="stable")[:, :most]
    return LikelyClips(run_id, label_ids, *_taken(order, clips, chances))


def _taken(columns: Int64Array, clips: Int64Array, chances: Float32Array) -> tuple[Int64Array, Float32Array]:
    return np.take_along_axis(clips, columns, axis=1), np.take_along_axis(chances, columns, axis=1)


def write_likely(folder: Path, likely: LikelyClips) -> None:
    """Replace the lists in the folder of heads.

    Raises:
        LearnerError: the folder cannot be written to.
    """
    facts = json.dumps({"run": likely.run_id, "label_ids": likely.label_ids})
    try:
        with whole_file(folder / _NAME) as file:
            np.savez(file, facts=np.array(facts), clip_ids=likely.clip_ids, chances=likely.chances, allow_pickle=False)
    except OSError as error:
        raise LearnerError(
            f"{folder / _NAME} cannot be written ({error.strerror}); free space on the disk or fix its permissions."
        ) from error


def forget_likely(folder: Path) -> None:
    """Delete the lists: there is no head any more that separates labels."""
    (folder / _NAME).unlink(missing_ok=True)


def read_likely(folder: Path) -> LikelyClips | None:
    """The newest lists, or None before the first.

    Raises:
        LearnerError: the file is damaged.
    """
    try:
        with ArrayFile(folder / _NAME) as arrays:
            return _listed(arrays)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError) as error:
        raise LearnerError(f"{folder / _NAME} is damaged; delete it and run `earmark learn --once`.") from error


def _listed(arrays: ArrayFile) -> LikelyClips:
    facts = json.loads(str(arrays["facts"]))
    label_ids = [int(label) for label in facts["label_ids"]]
    clip_ids, chances = arrays["clip_ids"], arrays["chances"]
    if clip_ids.dtype.kind not in "iu" or chances.dtype.kind != "f" or clip_ids.ndim != 2:
        raise ValueError("these are no lists")
    if not clip_ids.shape == chances.shape == (len(label_ids), *clip_ids.shape[1:]):
        raise ValueError("shapes differ")
    if not (((chances >= 0) & (chances <= 1)).all() and ((clip_ids > 0) & (clip_ids < 2**31)).all()):
        raise ValueError("a probability or the number of a clip is none")
    return LikelyClips(int(facts["run"]), label_ids, clip_ids.astype(np.int64), chances.astype(np.float32))
