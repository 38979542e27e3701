"""A difference in UA between two classifiers on the same clips, with its interval and a p that agrees with it.

The interval is that of `learner.evaluation.paired`. It considers few speakers (bootstrap over speakers, the same for both) and
few clips. The p is twice the smaller tail of what was drawn for the interval. Of both sources the larger tail counts, as the
wider bound does for the interval. So p is below 5% exactly where the 95% interval excludes 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from db.errors import LearnerError
from learner.arrays import BoolArray, Float64Array, Int64Array
from learner.evaluation.intervals import LEAST_CLUSTERS, SpeakerResamples
from learner.evaluation.paired import clip_draws, difference_of_draws, speaker_draws

RESAMPLES = 10_000
"""Of speakers, for tests: the smallest p is about 2 / RESAMPLES, and a correction for many tests multiplies it."""


@dataclass(frozen=True)
class RecallDifference:
    """UA of the first minus that of the second."""

    value: float
    low: float
    high: float
    p: float
    """Two-sided; 1 with fewer than three speakers, whose interval is from -1 to 1."""

    @property
    def sign(self) -> int:
        """Of the difference."""
        return int(np.sign(self.value))


def recall_difference(
    y: Int64Array, one: Sequence[BoolArray], other: Sequence[BoolArray], resamples: SpeakerResamples, *, labels: int
) -> RecallDifference:
    """As `learner.evaluation.paired.paired_difference`, with its p.

    Args:
        y: label of each clip, [clips].
        one, other: which clips are predicted correctly, for each run; runs are averaged first.
        resamples: of the clips' speakers; with `RESAMPLES` draws where many tests are corrected.
        labels: how many labels there are; those without clips do not count.

    Raises:
        LearnerError: there is no clip or no run, or the runs have other clips.
    """
    if not len(y) or not one or not other:
        raise LearnerError("A difference in UA needs clips, and at least one run of each classifier; give both.")
    if {len(hit) for hit in (*one, *other)} != {len(y)}:
        raise LearnerError("A difference in UA needs the same clips in all runs; predict the same ones.")
    value, by_speaker = speaker_draws(y, one, other, resamples, labels=labels)
    by_clip = clip_draws(y, one, other, labels=labels)
    found = difference_of_draws(value, by_speaker, by_clip)
    if by_speaker is None:
        return RecallDifference(found.value, found.low, found.high, 1.0)
    below = max(_tail(by_speaker), _tail(by_clip))
    above = max(_tail(-by_speaker), _tail(-by_clip))
    return RecallDifference(found.value, found.low, found.high, min(1.0, 2 * min(below, above)))


def few_speakers(resamples: SpeakerResamples) -> bool:
    """Whether speakers are too few to estimate how they differ."""
    return resamples.count < LEAST_CLUSTERS


def _tail(draws: Float64Array) -> float:
    """Share of draws at or below 0: where `np.quantile` passes 0, so that a bound at this share is 0."""
    ordered, least = np.sort(draws), 1 / (len(draws) + 1)
    below = int(np.searchsorted(ordered, 0.0, side="right"))
    if below in (0, len(ordered)):
        return least if below == 0 else 1.0
    left, right = ordered[below - 1], ordered[below]
    return max(least, float((below - 1 - left / (right - left)) / (len(ordered) - 1)))
