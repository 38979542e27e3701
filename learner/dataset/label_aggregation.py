"""What heads learn from: of every clip a label, and how much it counts, from who said what.

Where annotators disagree, a vote counts by how reliable its annotator is: the one-coin form of Dawid, Skene 1979, *Maximum
likelihood estimation of observer error-rates using the EM algorithm*, in which an annotator is right with a probability of their
own and otherwise says any other label. A label counts by the probability that it is right.

Unlike the consensus with CROWDLAB (`learner.label_quality.crowdlab`) it follows from decisions alone. So no head is asked about
clips that it is tested on later, and it costs nothing. UA with 200 labels, some 30% of them of two annotators or three, one of
whom is wrong half of the time, by majority and so (12 splits, logistic regression): EmoDB .711, .746; ESC-10 .789, .817; RAVDESS
.555, .580. Among three who are wrong in a tenth it gains nothing (-.001, -.009, +.003).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from db.decisions.consensus import consensus_labels
from db.decisions.log import LiveDecision
from db.models import Answer
from learner.arrays import BoolArray, Float64Array, Int64Array

_ROUNDS = 20
_RIGHT, _WRONG = 8.0, 2.0
"""Answers that everybody is credited with beforehand: one disagreement proves nobody careless."""
USUAL = _RIGHT / (_RIGHT + _WRONG)
"""How likely a label must be right to count fully: as likely as what somebody says alone of whom nothing is known."""
_MOST = 0.99
_STEP = 0.05
"""Of reliabilities: every vote changes them a little, and heads need not be trained anew for that."""


class TrainingLabels(dict[int, int]):
    """Label id by clip id."""

    def __init__(
        self, labels: Mapping[int, int], weights: Mapping[int, float], *, set_aside: Collection[int] = frozenset()
    ) -> None:
        super().__init__(labels)
        self.weights = weights
        """How much a clip's label counts, 0 to 1; 1 where it is not told."""
        self.set_aside = set_aside
        """Clips with answers that are no label to learn: bad or unsure, or a label that is no longer in use."""

    def only(self, clip_ids: Collection[int]) -> TrainingLabels:
        """Those of some clips, in their order."""
        return TrainingLabels({clip: self[clip] for clip in clip_ids}, self.weights, set_aside=self.set_aside)


def weights_in(labels: Mapping[int, int], clip_ids: Int64Array) -> Float64Array:
    """How much each of these clips counts, [n]."""
    known: Mapping[int, float] = labels.weights if isinstance(labels, TrainingLabels) else {}
    return np.array([known.get(clip, 1.0) for clip in clip_ids.tolist()], dtype=np.float64)


def training_labels(live: Sequence[LiveDecision]) -> TrainingLabels:
    """For the decisions that stand. As long as no clip has answers of two annotators it is the consensus, at full weight."""
    consensus = consensus_labels(live)
    votes = _Votes.of(live, consensus)
    if votes is None:
        return TrainingLabels(consensus, {})
    right = votes.chances(votes.reliability())
    best = right.max(axis=1)
    labels, weights = dict(consensus), {}
    for row, clip in enumerate(votes.clips):
        # A tie is for the consensus to settle, which takes the newest.
        settled = right[row, votes.labels.index(consensus[clip])] >= best[row] - 1e-9
        labels[clip] = consensus[clip] if settled else votes.labels[int(right[row].argmax())]
        weights[clip] = min(float(best[row]) / USUAL, 1.0)
    return TrainingLabels(labels, weights)


@dataclass(frozen=True)
class _Votes:
    clips: list[int]
    labels: list[int]
    annotators: int
    clip_of: Int64Array
    """Position of each vote's clip."""
    annotator_of: Int64Array
    label_of: Int64Array
    blind: BoolArray
    """Which votes were given without a hint: the others say little of their annotator."""
    gold: dict[int, int]
    """Position of a reviewer's label by position of the clip."""

    @classmethod
    def of(cls, live: Sequence[LiveDecision], consensus: Mapping[int, int]) -> _Votes | None:
        """None where no two people said anything of one clip."""
        said = {
            (decision.clip_id, decision.annotator_id): (decision.label_id, decision.blind)
            for decision in live
            if decision.answer == Answer.LABEL and decision.label_id is not None and decision.clip_id in consensus
            if not decision.gold
        }
        judged = {decision.clip_id for decision in live if decision.gold and decision.clip_id in consensus}
        clips = sorted(consensus)
        if len(said) + len(judged) <= len(clips):
            return None
        labels = sorted({*consensus.values(), *(label for label, _ in said.values())})
        annotators = sorted({annotator for _, annotator in said})
        at_clip = {clip: place for place, clip in enumerate(clips)}
        at_label = {label: place for place, label in enumerate(labels)}
        at_annotator = {annotator: place for place, annotator in enumerate(annotators)}
        return cls(
            clips=clips,
            labels=labels,
            annotators=len(annotators),
            clip_of=np.array([at_clip[clip] for clip, _ in said], dtype=np.int64),
            annotator_of=np.array([at_annotator[annotator] for _, annotator in said], dtype=np.int64),
            label_of=np.array([at_label[label] for label, _ in said.values()], dtype=np.int64),
            blind=np.array([blind for _, blind in said.values()], dtype=np.bool_),
            gold={at_clip[clip]: at_label[consensus[clip]] for clip in judged},
        )

    def reliability(self) -> Float64Array:
        """How often each annotator is right, [annotators], from the clips that others, or a reviewer, answered, too."""
        counts = np.bincount(self.clip_of, minlength=len(self.clips))
        counts[list(self.gold)] += 1
        shared = (counts[self.clip_of] > 1) & self.blind
        answers = np.bincount(self.annotator_of[shared], minlength=self.annotators)
        found = np.full(self.annotators, USUAL)
        # No answer speaks against itself.
        least = min(1 / len(self.labels) + _STEP, _MOST)
        for _ in range(_ROUNDS):
            right = self.chances(found)[self.clip_of, self.label_of]
            hits = np.bincount(self.annotator_of[shared], weights=right[shared], minlength=self.annotators)
            found = np.clip((hits + _RIGHT) / (answers + _RIGHT + _WRONG), least, _MOST)
        return np.clip(np.round(found / _STEP) * _STEP, least, _MOST)

    def chances(self, reliability: Float64Array) -> Float64Array:
        """Of each label to be right, [clips, labels]."""
        known = reliability[self.annotator_of]
        for_it, against = np.log(known), np.log((1 - known) / max(len(self.labels) - 1, 1))
        shape = (len(self.clips), len(self.labels))
        cells = self.clip_of * shape[1] + self.label_of
        told = np.bincount(cells, weights=for_it - against, minlength=shape[0] * shape[1]).reshape(shape)
        told = np.exp(told - told.max(axis=1, keepdims=True))
        for clip, label in self.gold.items():
            told[clip] = np.arange(shape[1]) == label
        found: Float64Array = told / told.sum(axis=1, keepdims=True)
        return found
