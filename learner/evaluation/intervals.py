"""How certain an accuracy is: 95% intervals for the mean of per-label recalls.

Two sources of error are considered, and on each side the wider bound of the two counts:
- few clips: each label's recall has a Beta posterior, as in Brodersen, Ong, Stephan, Buhmann 2010, *The balanced accuracy and its
  posterior distribution*. The prior has the weight of one clip and is centred on the pooled accuracy (a flat one would pull
  towards 0.5). Labels without clips have only the prior and so widen the band.
- few speakers: whole speakers are resampled (bootstrap). The variance is enlarged by S/(S-1), and the interval uses Student's t
  with S-1 degrees of freedom, because plain percentiles covered 90% instead of 95% with 10 speakers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from learner.arrays import BoolArray, Float64Array, Int64Array

DRAWS = 4000
RESAMPLES = 1000
LEAST_CLUSTERS = 3
"""With fewer speakers the spread between them cannot be estimated."""
MOST_CLUSTERS = 400
"""More speakers are merged into groups: resampling groups is as correct and costs less."""
LEVEL = 0.95
SEED = 2010


@dataclass(frozen=True)
class Interval:
    """A value between its bounds, all from 0 to 1."""

    value: float
    low: float
    high: float


class SpeakerResamples:
    """Bootstrap weights of speakers, drawn once and used for every point of a curve, so that the points' differences are
    paired."""

    def __init__(self, groups: Int64Array, *, resamples: int = RESAMPLES) -> None:
        _, numbers = np.unique(groups, return_inverse=True)
        self.cluster_of = (numbers % MOST_CLUSTERS).astype(np.int64)
        self.count = int(self.cluster_of.max()) + 1 if len(groups) else 0
        if self.count >= LEAST_CLUSTERS:
            draws = np.random.default_rng(SEED).multinomial(self.count, np.full(self.count, 1 / self.count), size=resamples)
            self._weights = draws.astype(np.float64)

    def half_width(self, y: Int64Array, hit: BoolArray, *, labels: int) -> float:
        """Half of the interval's width; 0 with too few speakers to estimate it."""
        if self.count < LEAST_CLUSTERS:
            return 0.0
        spread = float(self._means(y, hit, labels).std()) * np.sqrt(self.count / (self.count - 1))
        return float(stats.t.ppf((1 + LEVEL) / 2, self.count - 1) * spread)

    def draws(self, y: Int64Array, hit: BoolArray, *, labels: int) -> Float64Array | None:
        """Resampled UA, [resamples], around the measured UA and as wide as `half_width`. Every call has the same speakers at the
        same place. None with too few speakers."""
        if self.count < LEAST_CLUSTERS:
            return None
        clips, right = np.bincount(y, minlength=labels), np.bincount(y[hit], minlength=labels)
        value = float((right[clips > 0] / clips[clips > 0]).mean())
        means = self._means(y, hit, labels)
        wider = stats.t.ppf((1 + LEVEL) / 2, self.count - 1) / stats.norm.ppf((1 + LEVEL) / 2)
        found: Float64Array = value + (means - means.mean()) * np.sqrt(self.count / (self.count - 1)) * wider
        return found

    def _means(self, y: Int64Array, hit: BoolArray, labels: int) -> Float64Array:
        """Mean recall of the labels that each resample has."""
        cells = self.cluster_of * labels + y
        shape = (self.count, labels)
        clips = np.bincount(cells, minlength=self.count * labels).reshape(shape)
        hits = np.bincount(cells, weights=hit, minlength=self.count * labels).reshape(shape)
        drawn = self._weights @ clips
        present = drawn > 0
        recalls = np.where(present, (self._weights @ hits) / np.maximum(drawn, 1), 0.0)
        found: Float64Array = recalls.sum(axis=1) / present.sum(axis=1)
        return found


def recall_interval(right: Int64Array, clips: Int64Array, *, half_width: float) -> Interval:
    """Mean recall over the labels that have clips, with its interval over all labels.

    Args:
        right, clips: for each label, clips that were predicted correctly, and all clips; at least one clip in all.
        half_width: from `SpeakerResamples.half_width`.
    """
    present = clips > 0
    value = float((right[present] / clips[present]).mean())
    low, high = posterior_bounds(right, clips)
    return Interval(value, low=max(0.0, min(low, value - half_width)), high=min(1.0, max(high, value + half_width)))


def posterior_bounds(right: Int64Array, clips: Int64Array) -> tuple[float, float]:
    """The bounds of the mean recall that follow from the number of clips alone."""
    hits, misses = recall_posterior(right, clips)
    means = np.random.default_rng(SEED).beta(hits, misses, size=(DRAWS, len(clips))).mean(axis=1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def label_intervals(right: Int64Array, clips: Int64Array) -> list[Interval]:
    """Recall of each label by its posterior; for a label without clips the value is that of the prior."""
    hits, misses = recall_posterior(right, clips)
    value = np.where(clips > 0, right / np.maximum(clips, 1), hits / (hits + misses))
    low = np.asarray(stats.beta.ppf((1 - LEVEL) / 2, hits, misses))
    high = np.asarray(stats.beta.ppf((1 + LEVEL) / 2, hits, misses))
    return [
        Interval(recall, min(bottom, recall), max(top, recall))
        for recall, bottom, top in zip(value.tolist(), low.tolist(), high.tolist(), strict=True)
    ]


def recall_posterior(right: Int64Array, clips: Int64Array) -> tuple[Float64Array, Float64Array]:
    """Of each label's recall: the parameters of its Beta distribution.

    Args:
        right, clips: for each label, clips that were predicted correctly, and all clips.
    """
    # Half a clip on either side keeps the centre off 0 and 1, where the posterior would be certain.
    pooled = (right.sum() + 0.5) / (clips.sum() + 1)
    return right + pooled, clips - right + (1 - pooled)
