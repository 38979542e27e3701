"""How good the head is, measured on the random slice by cross-fitting.

For every fold of speakers a head is trained on every label of the other speakers, whatever chose those clips, and tested on the
slice clips of the held-out ones. No label is wasted on a test set, no speaker is tested by a head that heard them, and since the
slice is a fair sample, choosing clips actively does not bias the estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learner.examples import Examples
from learner.fitting import fitted_head
from learner.heads import LinearHead, Numbers, Vectors
from learner.intervals import Interval, SpeakerResamples, label_intervals, recall_interval
from learner.normalisation import Decision, decide
from learner.pool import Pool
from learner.speaker_norm import NONE

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
    """Heads trained for folds, kept by what they were trained on: of a curve that grew by one point, only that point is new.

    Each decides on its own labels alone whether its features are normalised by speaker.
    """

    def __init__(self, pool: Pool, *, C: float) -> None:
        self.pool = pool
        self.C = C
        self._heads: dict[tuple[bytes, str], LinearHead] = {}
        self._decisions: dict[bytes, Decision] = {}
        self._used: set[bytes] = set()

    def trained(self, examples: Examples, *, unheard: int | None = None) -> LinearHead | None:
        """The head for these examples; None for none.

        Args:
            unheard: a fold that it learns nothing from, unlabelled clips included.
        """
        if not len(examples.y):
            return None
        key = self._key(examples, unheard)
        if key not in self._decisions:
            # Read once for both: looking up rows costs more than deciding.
            vectors = self.pool.features.rows(examples.clip_ids)
            found = self._decisions[key] = decide(self.pool, examples.clip_ids, examples.y, vectors)
            self._heads[key, found.normalisation] = self._fitted(examples, vectors, found.normalisation, unheard)
        return self._heads[key, self._decisions[key].normalisation]

    def plain(self, examples: Examples, *, unheard: int | None = None) -> LinearHead | None:
        """The same without normalisation, whatever the decision."""
        if not len(examples.y):
            return None
        key = self._key(examples, unheard)
        if (key, NONE) not in self._heads:
            vectors = self.pool.features.rows(examples.clip_ids)
            self._heads[key, NONE] = self._fitted(examples, vectors, NONE, unheard)
        return self._heads[key, NONE]

    def _key(self, examples: Examples, unheard: int | None) -> bytes:
        key = examples.digest + str(unheard).encode()
        self._used.add(key)
        return key

    def _fitted(self, examples: Examples, vectors: Vectors, normalisation: str, unheard: int | None) -> LinearHead:
        return fitted_head(self.pool, examples, vectors, C=self.C, normalisation=normalisation, unheard=unheard)

    def forget_unused(self) -> None:
        """Drop what was not asked for since the last call."""
        self._heads = {key: head for key, head in self._heads.items() if key[0] in self._used}
        self._decisions = {key: decision for key, decision in self._decisions.items() if key in self._used}
        self._used.clear()


def cross_fitted(
    heads: FoldHeads,
    tested: Slice,
    labels: Mapping[int, int],
    label_ids: Sequence[int],
    *,
    after_each: Callable[[], None],
    plain: bool = False,
) -> Numbers:
    """Predicted label positions of the slice clips, each by a head that heard no clip of its fold.

    Whether a head normalises by speaker is decided on the labels that it was trained on.

    Args:
        labels: label id by clip id, to train on; all have features and active labels.
        after_each: called after each fold.
        plain: no head normalises by speaker.
    """
    positions = {label: position for position, label in enumerate(label_ids)}
    predicted = np.full(len(tested.y), UNTRAINED, dtype=np.int64)
    for held_out, head, inputs in _told(heads, tested, labels, plain=plain):
        if head is not None:
            predicted[held_out] = [positions[int(label)] for label in head.predict(inputs)]
        after_each()
    return predicted


def cross_fitted_probabilities(
    heads: FoldHeads, tested: Slice, labels: Mapping[int, int], label_ids: Sequence[int]
) -> NDArray[np.float64]:
    """What the heads behind `cross_fitted` give each label, [clips, labels]; zeros where no head could be trained."""
    found = np.zeros((len(tested.y), len(label_ids)))
    for held_out, head, inputs in _told(heads, tested, labels, plain=False):
        if head is not None:
            found[held_out] = head.probabilities(inputs, label_ids)
    return found


def _told(
    heads: FoldHeads, tested: Slice, labels: Mapping[int, int], *, plain: bool
) -> Iterator[tuple[NDArray[np.bool_], LinearHead | None, Vectors]]:
    """For each fold with clips to test: which they are, the head that heard none of it, and what it takes for them."""
    tested_ids = np.array(tested.clip_ids, dtype=np.int64)
    for fold, examples in _splits(heads.pool, tested, labels):
        held_out, train = tested.folds == fold, heads.plain if plain else heads.trained
        head = train(examples, unheard=fold)
        normalisation = NONE if head is None else head.normalisation
        yield held_out, head, heads.pool.inputs_of(tested.vectors[held_out], tested_ids[held_out], normalisation)


def normalised_folds(heads: FoldHeads, tested: Slice, labels: Mapping[int, int]) -> int:
    """For how many folds `cross_fitted` normalises by speaker."""
    splits = _splits(heads.pool, tested, labels)
    found = [heads.trained(examples, unheard=fold) for fold, examples in splits]
    return sum(head is not None and head.normalisation != NONE for head in found)


def _splits(pool: Pool, tested: Slice, labels: Mapping[int, int]) -> Iterator[tuple[int, Examples]]:
    """Each fold with clips to test, and what is of all others, to train on."""
    examples = Examples.of(labels)
    folds = pool.folds.folds(examples.clip_ids)
    for fold in np.unique(tested.folds).tolist():
        yield fold, examples.where(folds != fold)


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


def plain_accuracy(
    heads: FoldHeads,
    tested: Slice,
    labels: Mapping[int, int],
    label_ids: Sequence[int],
    *,
    adaptive: Accuracy | None,
    between: Between,
) -> Accuracy | None:
    """What `cross_fitted` scores without any normalisation: the accuracy of the head for audio of unknown speakers.

    Args:
        adaptive: its accuracy with the decisions that the folds made, which is the same where none normalises.
    """
    folds = len(np.unique(tested.folds))
    if adaptive is None or not normalised_folds(heads, tested, labels):
        return adaptive
    predicted = cross_fitted(heads, tested, labels, label_ids, after_each=lambda: between(folds, folds), plain=True)
    return accuracy(tested, predicted, SpeakerResamples(tested.groups), labels=len(label_ids))


def normalisation_report(decision: Decision, plain: Accuracy | None, *, folds: int) -> dict[str, Any]:
    """What is told of normalisation, as JSON values.

    Keys: `normalisation` of the run's head ("speaker" or "none"), `normalisation_why` in words, `normalised_folds` (for how many
    folds of the evaluation the same was decided on their own labels), `plain` (ua, ua_low, ua_high, wa without normalisation, or
    None).
    """
    told = None
    if plain is not None:
        told = {"ua": plain.ua.value, "ua_low": plain.ua.low, "ua_high": plain.ua.high, "wa": plain.wa}
    return {
        "normalisation": decision.normalisation,
        "normalisation_why": decision.why,
        "normalised_folds": folds,
        "plain": told,
    }


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
