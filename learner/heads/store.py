"""Trained heads on disk: one `.npz` of plain arrays and a JSON text a run, never pickled.

A head file is read as if a stranger had written it. Whatever is wrong with it ends in one sentence, and the learner trains a head
that cannot be read again.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.errors import LearnerError
from db.store.files import Part, remove_leftovers
from learner.array_files import ArrayFile
from learner.arrays import Float32Array
from learner.dataset.speaker_norm import NONE, SPEAKER
from learner.dataset.words import Words
from learner.heads.linear import LinearHead

KEPT = 20
"""Heads of older runs are deleted."""
PLAIN = "plain_"
"""Before the names of the arrays of the head without normalisation, where there are two."""
_NAME = re.compile(r"run_(\d+)\.npz")


@dataclass(frozen=True)
class StoredHead:
    """A head with what is needed to use it: the label set it was trained for and the feature set it reads."""

    head: LinearHead
    label_ids: list[int]
    label_names: list[str]
    feature_set_id: int
    why: str = ""
    """Why the head's features are normalised by speaker, or not."""
    plain: LinearHead | None = None
    """One trained on the same labels without, and without words, for new audio: nobody knows who speaks there, and there is no
    transcript. None where the head itself is such a one."""
    words_set_id: int | None = None
    """The feature set of the words that the head uses beside sound; None where it uses none."""
    words_dim: int = 0
    """How many of the features that the head gets are of words."""
    words_why: str = ""
    """Why it uses words, or not; empty where there are none."""

    @property
    def sound_dim(self) -> int:
        """How many of the features that the head gets are of sound."""
        return int(self.head.n_features_in_) - self.words_dim

    @property
    def for_unknown_speakers(self) -> LinearHead:
        """The head that needs to know nothing of who speaks."""
        return self.plain or self.head

    def fits_words(self, words: Words | None) -> bool:
        """Whether these are the words that the head reads; true for a head that reads none."""
        if self.words_set_id is None:
            return True
        return words is not None and (words.features.feature_set_id, words.dim) == (self.words_set_id, self.words_dim)


class HeadFile:
    """A head written aside; `publish` gives it its run's name. So the slow part is over before the run's transaction begins.

    Raises:
        LearnerError: it cannot be written.
    """

    def __init__(self, folder: Path, stored: StoredHead) -> None:
        self._folder = folder
        self._part = Part(folder)
        facts = {
            "label_ids": stored.label_ids,
            "label_names": stored.label_names,
            "feature_set_id": stored.feature_set_id,
            "normalisation": stored.head.normalisation,
            "why": stored.why,
        }
        if stored.words_why:
            facts |= {"words_set_id": stored.words_set_id, "words_dim": stored.words_dim, "words_why": stored.words_why}
        arrays = _arrays(stored.head) if stored.plain is None else {**_arrays(stored.head), **_arrays(stored.plain, PLAIN)}
        try:
            with self._part as part:
                with part.path.open("wb") as file:
                    np.savez(file, facts=np.array(json.dumps(facts)), allow_pickle=False, **arrays)
                part.sync()
        except OSError as error:
            raise LearnerError(
                f"The head cannot be written to {folder} ({error.strerror}); free space on the disk or fix its permissions."
            ) from error

    def publish(self, run_id: int) -> None:
        """Make it the head of this run."""
        self._part.become(head_path(self._folder, run_id))

    def discard(self) -> None:
        """Delete it if it was not published."""
        self._part.discard()


def head_path(folder: Path, run_id: int) -> Path:
    """Where the head of a run lies."""
    return folder / f"run_{run_id}.npz"


def load_head(path: Path) -> StoredHead:
    """Read a head back.

    Raises:
        LearnerError: the file is missing or damaged.
    """
    try:
        with ArrayFile(path) as arrays:
            return _stored(arrays)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise LearnerError(
            f"{path} is missing or damaged; run `earmark learn --once`, or start `earmark serve` again, to train the head again."
        ) from error


def _stored(arrays: ArrayFile) -> StoredHead:
    facts = json.loads(str(arrays["facts"]))
    # Heads of older versions have no normalisation, and no field for it.
    head = _head(arrays, normalisation=str(facts.get("normalisation", NONE)))
    plain = _head(arrays, PLAIN) if f"{PLAIN}coef" in arrays else None
    stored = StoredHead(
        head,
        [int(label) for label in facts["label_ids"]],
        [str(name) for name in facts["label_names"]],
        int(facts["feature_set_id"]),
        str(facts.get("why", "")),
        plain,
        None if facts.get("words_set_id") is None else int(facts["words_set_id"]),
        int(facts.get("words_dim", 0)),
        str(facts.get("words_why", "")),
    )
    head.words = stored.words_set_id is not None
    if head.words != (stored.words_dim > 0) or (head.words and plain is None) or stored.sound_dim < 1:
        raise ValueError("the file does not say which of the features are of words")
    if len({*stored.label_ids}) != len(stored.label_names) or len(stored.label_ids) != len(stored.label_names):
        raise ValueError("there is not one name for each label")
    dims = {head.n_features_in_, stored.for_unknown_speakers.n_features_in_ + stored.words_dim}
    for each in (head, stored.for_unknown_speakers):
        if not {*each.classes_.tolist()} <= {*stored.label_ids} or len(dims) > 1:
            raise ValueError("the head knows other labels or features than the file says")
    return stored


def _arrays(head: LinearHead, prefix: str = "") -> dict[str, NDArray[Any]]:
    return {f"{prefix}coef": head.coef_, f"{prefix}intercept": head.intercept_, f"{prefix}classes": head.classes_}


def _head(arrays: ArrayFile, prefix: str = "", *, normalisation: str = NONE) -> LinearHead:
    head = LinearHead(normalisation=normalisation)
    head.coef_ = _numbers(arrays[f"{prefix}coef"], dimensions=2)
    head.intercept_ = _numbers(arrays[f"{prefix}intercept"], dimensions=1)
    classes = arrays[f"{prefix}classes"]
    head.classes_ = classes.astype(np.int64)
    head.n_features_in_ = head.coef_.shape[1]
    if classes.ndim != 1 or classes.dtype.kind not in "iu" or len(np.unique(classes)) != len(classes):
        raise ValueError("the classes are no list of labels")
    if normalisation not in (NONE, SPEAKER) or not 0 < head.coef_.shape[0] == len(head.intercept_) == len(head.classes_):
        raise ValueError("shapes differ, or the normalisation is unknown")
    return head


def _numbers(array: NDArray[Any], *, dimensions: int) -> Float32Array:
    if array.ndim != dimensions or array.dtype.kind != "f" or not (np.abs(array) <= np.finfo(np.float32).max).all():
        raise ValueError("weights are not numbers")
    return array.astype(np.float32)


def run_of(path: Path) -> int:
    """The run whose head this file holds."""
    name = _NAME.fullmatch(path.name)
    assert name is not None
    return int(name[1])


def newest_head(folder: Path, *, up_to: int) -> Path | None:
    """The file of the newest run that has one; files of runs after `up_to` were never published."""
    runs = [run for run in _stored_runs(folder) if run <= up_to]
    return head_path(folder, max(runs)) if runs else None


def stored_heads(folder: Path) -> list[Path]:
    """The files of all heads, oldest run first."""
    return [head_path(folder, run) for run in sorted(_stored_runs(folder))]


def delete_old_heads(folder: Path, *, keep: int = KEPT) -> None:
    """Delete all but the newest heads, and what a learner that was killed has left half-written; no head is being written now."""
    remove_leftovers(folder)
    for run in sorted(_stored_runs(folder))[:-keep]:
        head_path(folder, run).unlink(missing_ok=True)


def _stored_runs(folder: Path) -> list[int]:
    names = (_NAME.fullmatch(path.name) for path in folder.iterdir() if path.is_file())
    return [int(name[1]) for name in names if name]
