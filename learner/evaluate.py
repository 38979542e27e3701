"""How good the head is, measured on the random slice by cross-fitting.

For every fold of speakers a head is trained on every label of the other speakers, whatever chose those clips, and tested on the
slice clips of the held-out ones. No label is wasted on a test set, no speaker is tested by a head that heard them, and since the
slice is a fair sample, choosing clips actively does not bias the estimate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learner.heads import LinearHead, Numbers, Vectors
from learner.intervals import Interval, SpeakerResamples, label_intervals, recall_interval
from learner.pool import Pool

Between = Callable[[int, int], None]
"""Called after each training with how many are done and how many there are; it may raise to give up."""
UNTRAINED = -1
"""Prediction of a head that had nothing to learn from; counts as wrong."""


@dataclass(frozen=True)
class Slice:
    """The clips to test on: labelled clips of the random slice that have features."""

    clip_ids: list[int]
    y: Numbers
    """Position of each clip's label among the active labels."""
    folds: Numbers
    groups: Numbers
    vectors: Vectors

    @classmethod
    def of(cls, pool: Pool, clip_ids: Sequence[int], labels: Mapping[int, int], label_ids: Sequence[int]) -> Slice:
        """Those of `clip_ids` (the random slice, in key order) that can be tested; `labels` is label id by clip id."""
        has = pool.features.has(clip_ids)
        kept = [clip for clip, there in zip(clip_ids, has, strict=True) if there and labels.get(clip) in label_ids]
        positions = {label: position for position, label in enumerate(label_ids)}
        return cls(
            clip_ids=kept,
            y=np.array([positions[labels[clip]] for clip in kept], dtype=np.int64),
            folds=pool.folds.folds(kept),
            groups=pool.folds.groups(kept),
            vectors=pool.features.rows(kept),
        )


class FoldHeads:
    """Heads trained for folds, kept by what they were trained on: of a curve that grew by one point, only that point is new."""

    def __init__(self, pool: Pool, *, C: float) -> None:
        self.pool = pool
        self.C = C
        self._heads: dict[bytes, LinearHead] = {}
        self._used: set[bytes] = set()

    def trained(self, clip_ids: NDArray[np.int64], y: Numbers) -> LinearHead | None:
        """The head for these labelled clips, in ascending order; None for no clips."""
        if not len(clip_ids):
            return None
        key = hashlib.blake2b(clip_ids.tobytes() + y.tobytes(), digest_size=16).digest()
        self._used.add(key)
        if key not in self._heads:
            head = LinearHead(C=self.C, mean=self.pool.mean, scale=self.pool.scale)
            self._heads[key] = head.fit(self.pool.features.rows(clip_ids), y)
        return self._heads[key]

    def forget_unused(self) -> None:
        """Drop what was not asked for since the last call."""
        self._heads = {key: head for key, head in self._heads.items() if key in self._used}
        self._used.clear()


def cross_fitted(
    heads: FoldHeads, tested: Slice, labels: Mapping[int, int], label_ids: Sequence[int], *, after_each: Callable[[], None]
) -> Numbers:
    """Predicted label positions of the slice clips, each by a head that heard no clip of its fold.

    Args:
        labels: label id by clip id, to train on; all have features and active labels.
        after_each: called after each fold.
    """
    clip_ids = np.array(sorted(labels), dtype=np.int64)
    y = np.array([labels[clip] for clip in clip_ids.tolist()], dtype=np.int64)
    folds = heads.pool.folds.folds(clip_ids.tolist())
    positions = {label: position for position, label in enumerate(label_ids)}
    predicted = np.full(len(tested.y), UNTRAINED, dtype=np.int64)
    for fold in np.unique(tested.folds):
        head = heads.trained(clip_ids[folds != fold], y[folds != fold])
        held_out = tested.folds == fold
        if head is not None:
            predicted[held_out] = [positions[int(label)] for label in head.predict(tested.vectors[held_out])]
        after_each()
    return predicted


@dataclass(frozen=True)
class Accuracy:
    """UA with its interval, WA, and clips per true and predicted label."""

    ua: Interval
    wa: float
    right: Numbers
    clips: Numbers
    confusion: NDArray[np.int64]


def accuracy(tested: Slice, predicted: Numbers, resamples: SpeakerResamples, *, labels: int) -> Accuracy:
    """Scores of these predictions; the slice holds at least one clip."""
    hit = predicted == tested.y
    clips = np.bincount(tested.y, minlength=labels)
    right = np.bincount(tested.y[hit], minlength=labels)
    told = predicted != UNTRAINED
    confusion = np.bincount(tested.y[told] * labels + predicted[told], minlength=labels * labels).reshape(labels, labels)
    half_width = resamples.half_width(tested.y, hit, labels=labels)
    return Accuracy(recall_interval(right, clips, half_width=half_width), float(hit.mean()), right, clips, confusion)


def report_of(scored: Accuracy | None, tested: Slice, pool: Pool, label_names: Sequence[str]) -> dict[str, Any]:
    """What is told of an evaluation beside its accuracy, as JSON values.

    Keys: `per_label` (recall, low, high, clips by label; recall None without clips), `confusion` (labels, and counts with a row a
    true label), `missing_labels` (without clips in the slice), `grouped` (whether folds keep speakers whole), `folds`,
    `untrained` (clips that no head could be trained for).
    """
    report: dict[str, Any] = {
        "per_label": {},
        "confusion": {"labels": list(label_names), "counts": []},
        "missing_labels": list(label_names),
        "grouped": pool.folds.grouped,
        "folds": len(np.unique(tested.folds)),
        "untrained": 0,
    }
    if scored is None:
        return report
    for name, recall, clips in zip(label_names, label_intervals(scored.right, scored.clips), scored.clips.tolist(), strict=True):
        value = round(recall.value, 6) if clips else None
        report["per_label"][name] = {"recall": value, "low": round(recall.low, 6), "high": round(recall.high, 6), "clips": clips}
    report["confusion"]["counts"] = scored.confusion.tolist()
    report["missing_labels"] = [name for name, clips in zip(label_names, scored.clips, strict=True) if not clips]
    report["untrained"] = len(tested.y) - int(scored.confusion.sum())
    return report
