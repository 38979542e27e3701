"""How much more accurate one classifier is than another on the same clips: a difference in UA with its 95% interval.

The same two sources of error are considered as for a single accuracy (`learner.evaluation.intervals`), and on each side the wider
bound of the two counts:
- few speakers: the same speakers are resampled for both.
- few clips: of each label, the shares of clips that only the one predicts correctly, and only the other, have a Dirichlet
  posterior. Its prior is one clip of each kind, dealt to the labels by their number of clips. So a few clips in favour of the
  one, and none of the other, are no proof yet, as in the sign test of McNemar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from learner.arrays import BoolArray, Float64Array, Int64Array
from learner.evaluation.intervals import DRAWS, LEVEL, SEED, SpeakerResamples

_TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)


@dataclass(frozen=True)
class Difference:
    """A difference between two values from 0 to 1, between its bounds."""

    value: float
    low: float
    high: float


def paired_difference(
    y: Int64Array, one: Sequence[BoolArray], other: Sequence[BoolArray], resamples: SpeakerResamples, *, labels: int
) -> Difference:
    """The UA of `one` minus that of `other`; runs are averaged first.

    Args:
        y: label of each clip, at least one.
        one, other: which clips are predicted correctly, for each run.
        resamples: of the clips' speakers.
        labels: how many labels there are; those without clips do not count.
    """
    value, by_speaker = speaker_draws(y, one, other, resamples, labels=labels)
    return difference_of_draws(value, by_speaker, clip_draws(y, one, other, labels=labels))


def resampled_difference(
    y: Int64Array, one: Sequence[BoolArray], other: Sequence[BoolArray], resamples: SpeakerResamples, *, labels: int
) -> Difference:
    """As `paired_difference`, by resampling speakers alone; with fewer than three of them the interval is from -1 to 1."""
    value, draws = speaker_draws(y, one, other, resamples, labels=labels)
    if draws is None:
        return Difference(value, -1.0, 1.0)
    low, high = np.quantile(draws, _TAILS)
    return Difference(value, float(low), float(high))


def difference_of_draws(value: float, by_speaker: Float64Array | None, by_clip: Float64Array) -> Difference:
    """The difference between the wider bounds of both sources of error; see `speaker_draws` and `clip_draws`."""
    low, high = (-1.0, 1.0) if by_speaker is None else (float(bound) for bound in np.quantile(by_speaker, _TAILS))
    least, most = (float(bound) for bound in np.quantile(by_clip, _TAILS))
    return Difference(value, max(-1.0, min(least, low)), min(1.0, max(most, high)))


def speaker_draws(
    y: Int64Array, one: Sequence[BoolArray], other: Sequence[BoolArray], resamples: SpeakerResamples, *, labels: int
) -> tuple[float, Float64Array | None]:
    """The difference in UA, and its resamples over speakers, [resamples]; None with too few speakers."""
    values, draws = [], []
    for hits in (one, other):
        values.append(np.mean([mean_recall(y, hit) for hit in hits]))
        found = [resamples.draws(y, hit, labels=labels) for hit in hits]
        draws.append(None if found[0] is None else np.mean([each for each in found if each is not None], axis=0))
    value = float(values[0] - values[1])
    if draws[0] is None or draws[1] is None:
        return value, None
    return value, draws[0] - draws[1]


def clip_draws(y: Int64Array, one: Sequence[BoolArray], other: Sequence[BoolArray], *, labels: int) -> Float64Array:
    """Draws of the difference in UA from its posterior, [DRAWS]: what the number of clips alone leaves open."""
    clips = np.bincount(y, minlength=labels).astype(np.float64)
    only_one, only_other = np.zeros(labels), np.zeros(labels)
    for first in one:
        for second in other:
            only_one += np.bincount(y[first & ~second], minlength=labels)
            only_other += np.bincount(y[second & ~first], minlength=labels)
    pairs = len(one) * len(other)
    only_one, only_other, prior = only_one / pairs, only_other / pairs, clips / clips.sum()
    rng = np.random.default_rng(SEED)
    drawn: list[Float64Array] = []
    for label in np.flatnonzero(clips):
        alike = clips[label] - only_one[label] - only_other[label]
        counts = np.array([only_one[label], only_other[label], alike]) + prior[label]
        shares = rng.dirichlet(np.maximum(counts, 1e-9), size=DRAWS)
        drawn.append(shares[:, 0] - shares[:, 1])
    found: Float64Array = np.mean(drawn, axis=0)
    return found


def mean_recall(y: Int64Array, hit: BoolArray) -> float:
    """UA: the mean over the labels that have clips."""
    return float(np.mean([hit[y == label].mean() for label in np.unique(y)]))
