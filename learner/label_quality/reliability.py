"""How often each annotator gives the true label: against gold answers, or against the other annotators.

Against gold: the share of clips with a known answer on which the annotator gave it.

Against others, where too few answers are known: a form of Dawid, Skene 1979, *Maximum likelihood estimation of observer
error-rates using the EM algorithm*, in which each annotator is right with a probability of their own and otherwise gives any
other label. First these probabilities are estimated by EM. Then every label is judged by what all *others* gave the clip, so that
nobody vouches for themselves: with p the others' belief in each label, a label of an annotator who is right with probability r
has the expected belief r d + (1 - r) c, where d is the belief that the truth has on average (the sum of p squared) and c that of
any other label. From this r follows as a ratio of sums over clips, and its variance as that of a ratio. The classifier takes no
part. Of two annotators alone, nobody can tell who of them is wrong: both get the same reliability.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from learner.arrays import BoolArray, Float64Array, Int64Array
from learner.evaluation.intervals import LEVEL, Interval
from learner.label_quality.crowdlab import Opinions

LEAST = 10
"""With fewer clips nothing is estimated."""
_ROUNDS = 30
_RIGHT, _WRONG = 8.0, 2.0
"""Prior answers of every annotator while others are judged by them, so that one disagreement makes nobody unreliable."""
_MOST = 0.99


@dataclass(frozen=True)
class Judged:
    """Labels of clips that say something about their annotator; all arrays [labels given], clip by clip."""

    clip_ids: Int64Array
    annotator: Int64Array
    """Column in `Opinions`."""
    belief: Float64Array
    """How far the others believe in the label: p, from which the belief that chance would give (c) is subtracted."""
    most: Float64Array
    """What an annotator who is always right would have there: d - c."""

    def where(self, rows: BoolArray | Int64Array) -> Judged:
        """Some of them."""
        return Judged(self.clip_ids[rows], self.annotator[rows], self.belief[rows], self.most[rows])

    def reliability(self) -> Interval | None:
        """The probability of a true label over all these, with its 95% interval; None with fewer than `LEAST`."""
        weight = float(self.most.sum())
        if len(self.belief) < LEAST or weight < 1:
            return None
        value = float(self.belief.sum()) / weight
        off = self.belief - value * self.most
        value = min(max(value, 0.0), 1.0)
        variance = float(np.square(off).sum()) / weight**2
        # As many answers that are known to be right or wrong would be as certain.
        worth = min(value * (1 - value) / variance, weight) if variance > 0 and 0 < value < 1 else weight
        right, wrong = value * worth + 0.5, (1 - value) * worth + 0.5
        low, high = (stats.beta.ppf(share, right, wrong) for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
        return Interval(value, min(float(low), value), max(float(high), value))


def judged_by_gold(given: Opinions, truth: Mapping[int, int]) -> Judged:
    """The labels on clips with a known answer.

    Args:
        truth: position of the true label by clip id.
    """
    rows, columns, labels = _votes(given)
    clips = given.clip_ids[rows]
    known = np.isin(clips, np.fromiter(truth, dtype=np.int64, count=len(truth)))
    right = np.array([truth[clip] for clip in clips[known].tolist()], dtype=np.int64) == labels[known]
    return Judged(clips[known], columns[known], right.astype(np.float64), np.ones(int(known.sum())))


def judged_by_others(given: Opinions, truth: Mapping[int, int], *, labels: int) -> Judged:
    """The labels on clips that several annotators labelled; where a clip's answer is known, it alone counts.

    Args:
        truth: position of the true label by clip id.
        labels: how many there are to choose from, at least 2.
    """
    several = given.several
    shared = Opinions(given.clip_ids[several], given.annotator_ids, given.labels[several])
    rows, columns, chosen = _votes(shared)
    right = np.array([truth.get(clip, -1) for clip in shared.clip_ids.tolist()], dtype=np.int64)
    votes = _Shared(rows, columns, chosen, right, clips=len(shared.clip_ids), annotators=len(given.annotator_ids), labels=labels)
    belief = votes.others_belief(votes.reliabilities())
    truth_has = np.square(belief).sum(axis=1)
    by_chance = (1 - truth_has) / (labels - 1)
    mine = belief[np.arange(len(chosen)), chosen]
    return Judged(shared.clip_ids[rows], columns, mine - by_chance, truth_has - by_chance)


def _votes(given: Opinions) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Row, column and label of each label that was given."""
    rows, columns = np.nonzero(~np.isnan(given.labels))
    return rows.astype(np.int64), columns.astype(np.int64), given.labels[rows, columns].astype(np.int64)


@dataclass(frozen=True)
class _Shared:
    clip_of: Int64Array
    annotator_of: Int64Array
    label_of: Int64Array
    truth: Int64Array
    """Of each clip; -1 where it is not known."""
    clips: int
    annotators: int
    labels: int

    def reliabilities(self) -> Float64Array:
        """How often each annotator is right, [annotators], by EM."""
        answers = np.bincount(self.annotator_of, minlength=self.annotators)
        found = np.full(self.annotators, _RIGHT / (_RIGHT + _WRONG))
        for _ in range(_ROUNDS):
            chances = self._settled(self._scores(found))[self.clip_of, self.label_of]
            hits = np.bincount(self.annotator_of, weights=chances, minlength=self.annotators)
            before, found = found, self._bounded((hits + _RIGHT) / (answers + _RIGHT + _WRONG))
            if np.abs(found - before).max(initial=0.0) < 1e-4:
                break
        return found

    def others_belief(self, reliabilities: Float64Array) -> Float64Array:
        """For each label given, the belief in every label by what others gave the clip, [labels given, labels]."""
        scores = self._scores(reliabilities)[self.clip_of]
        scores[np.arange(len(self.label_of)), self.label_of] -= self._weight(reliabilities)[self.annotator_of]
        return self._settled(scores, self.truth[self.clip_of])

    def _bounded(self, found: Float64Array) -> Float64Array:
        return np.clip(found, min(1 / self.labels + 0.05, _MOST), _MOST)

    def _weight(self, reliabilities: Float64Array) -> Float64Array:
        return np.log(reliabilities) - np.log((1 - reliabilities) / (self.labels - 1))

    def _scores(self, reliabilities: Float64Array) -> Float64Array:
        cells = self.clip_of * self.labels + self.label_of
        weights = self._weight(reliabilities)[self.annotator_of]
        found: Float64Array = np.bincount(cells, weights=weights, minlength=self.clips * self.labels).astype(np.float64)
        return found.reshape(self.clips, self.labels)

    def _settled(self, scores: Float64Array, truth: Int64Array | None = None) -> Float64Array:
        """Probabilities from scores, row by row; certainty where the truth is known."""
        truth = self.truth if truth is None else truth
        raised = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
        found: Float64Array = raised / raised.sum(axis=1, keepdims=True)
        known = np.flatnonzero(truth >= 0)
        found[known] = 0.0
        found[known, truth[known]] = 1.0
        return found
