"""What heads learn from: a label for each clip and how much it counts, from the answers of all annotators.

Where annotators disagree, a vote counts by how reliable its annotator is. This is the one-coin form of Dawid, Skene 1979,
*Maximum likelihood estimation of observer error-rates using the EM algorithm*: each annotator is right with a probability of
their own, and otherwise gives any other label. A label counts by the probability that it is right.

Unlike the consensus with CROWDLAB (`learner.label_quality.crowdlab`) it follows from decisions alone. So no head predicts clips
that it is tested on later, and it costs nothing. UA with 200 labels, by majority vote and by this method (12 splits, logistic
regression): EmoDB .711, .746; ESC-10 .789, .817; RAVDESS .555, .580. There, some 30% of the labels come from two or three
annotators, one of whom is wrong half of the time. With three annotators who are wrong in a tenth it gains nothing (-.001, -.009,
+.003).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from db.decisions.conditions import is_gold_check
from db.decisions.consensus import consensus_labels
from db.decisions.log import LiveDecision
from db.models import Answer
from learner.arrays import BoolArray, Float64Array, Int64Array

_ROUNDS = 20
_RIGHT, _WRONG = 8.0, 2.0
"""Prior answers of every annotator, so that one disagreement makes nobody unreliable."""
USUAL = _RIGHT / (_RIGHT + _WRONG)
"""How likely a label must be right to count fully: as likely as the lone answer of an annotator with no known record."""
_MOST = 0.99
_STEP = 0.05
"""Reliabilities are rounded to this: every vote changes them a little, and heads need not be trained again for that."""


class TrainingLabels(dict[int, int]):
    """Label id by clip id."""

    def __init__(
        self, labels: Mapping[int, int], weights: Mapping[int, float], *, set_aside: Collection[int] = frozenset()
    ) -> None:
        super().__init__(labels)
        self.weights = weights
        """How much a clip's label counts, 0 to 1; 1 for a clip that is not listed."""
        self.set_aside = set_aside
        """Clips with answers that are no label to learn from: bad or unsure, or a label that is no longer in use."""

    def only(self, clip_ids: Collection[int]) -> TrainingLabels:
        """The labels of some clips, in the order of these."""
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
        # The consensus settles a tie: it takes the newest label.
        settled = right[row, votes.labels.index(consensus[clip])] >= best[row] - 1e-9
        labels[clip] = consensus[clip] if settled else votes.labels[int(right[row].argmax())]
        weights[clip] = min(float(best[row]) / USUAL, 1.0)
    return TrainingLabels(labels, weights)


def label_confidences(live: Sequence[LiveDecision]) -> dict[int, float]:
    """Probability that the consensus label is right, by clip id, to four digits; 1 where a reviewer fixed it.

    It follows from the answers alone. A lone answer of an annotator with no known record has `USUAL`.
    """
    consensus = consensus_labels(live)
    votes = _Votes.of(live, consensus)
    if votes is None:
        fixed = {decision.clip_id for decision in live if decision.gold}
        return {clip: 1.0 if clip in fixed else USUAL for clip in consensus}
    right = votes.chances(votes.reliability())
    at_label = {label: place for place, label in enumerate(votes.labels)}
    return {clip: round(float(right[row, at_label[consensus[clip]]]), 4) for row, clip in enumerate(votes.clips)}


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
    """Which votes were given without a hint: the others show little about their annotator."""
    gold: dict[int, int]
    """Position of a reviewer's label by position of the clip."""

    @classmethod
    def of(cls, live: Sequence[LiveDecision], consensus: Mapping[int, int]) -> _Votes | None:
        """The votes; None where no clip has answers of two people."""
        judged = {decision.clip_id for decision in live if decision.gold and decision.clip_id in consensus}
        answers = {
            (decision.clip_id, decision.annotator_id): (decision.label_id, decision.blind)
            for decision in live
            if decision.answer == Answer.LABEL and decision.label_id is not None and decision.clip_id in consensus
            # What a gold check measures is its annotator; where nobody's gold label stands any more, it says nothing.
            if not decision.gold and (decision.clip_id in judged or not is_gold_check(decision))
        }
        clips = sorted(consensus)
        if len(answers) + len(judged) <= len(clips):
            return None
        labels = sorted({*consensus.values(), *(label for label, _ in answers.values())})
        annotators = sorted({annotator for _, annotator in answers})
        at_clip = {clip: place for place, clip in enumerate(clips)}
        at_label = {label: place for place, label in enumerate(labels)}
        at_annotator = {annotator: place for place, annotator in enumerate(annotators)}
        return cls(
            clips=clips,
            labels=labels,
            annotators=len(annotators),
            clip_of=np.array([at_clip[clip] for clip, _ in answers], dtype=np.int64),
            annotator_of=np.array([at_annotator[annotator] for _, annotator in answers], dtype=np.int64),
            label_of=np.array([at_label[label] for label, _ in answers.values()], dtype=np.int64),
            blind=np.array([blind for _, blind in answers.values()], dtype=np.bool_),
            gold={at_clip[clip]: at_label[consensus[clip]] for clip in judged},
        )

    def reliability(self) -> Float64Array:
        """How often each annotator is right, [annotators], from the clips that others or a reviewer answered too."""
        counts = np.bincount(self.clip_of, minlength=len(self.clips))
        counts[list(self.gold)] += 1
        shared = (counts[self.clip_of] > 1) & self.blind
        answers = np.bincount(self.annotator_of[shared], minlength=self.annotators)
        found = np.full(self.annotators, USUAL)
        # Above chance, so that no answer counts against its own label.
        least = min(1 / len(self.labels) + _STEP, _MOST)
        for _ in range(_ROUNDS):
            right = self.chances(found)[self.clip_of, self.label_of]
            hits = np.bincount(self.annotator_of[shared], weights=right[shared], minlength=self.annotators)
            found = np.clip((hits + _RIGHT) / (answers + _RIGHT + _WRONG), least, _MOST)
        return np.clip(np.round(found / _STEP) * _STEP, least, _MOST)

    def chances(self, reliability: Float64Array) -> Float64Array:
        """Probability of each label to be right, [clips, labels]."""
        known = reliability[self.annotator_of]
        for_it, against = np.log(known), np.log((1 - known) / max(len(self.labels) - 1, 1))
        shape = (len(self.clips), len(self.labels))
        cells = self.clip_of * shape[1] + self.label_of
        scores = np.bincount(cells, weights=for_it - against, minlength=shape[0] * shape[1]).reshape(shape)
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        for clip, label in self.gold.items():
            scores[clip] = np.arange(shape[1]) == label
        found: Float64Array = scores / scores.sum(axis=1, keepdims=True)
        return found
