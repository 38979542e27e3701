"""Almost Stochastic Order (ASO): is a way of training better over its runs, and not only on average?

Dror, Shlomov & Reichart 2019, *Deep Dominance: How to Properly Compare Deep Neural Models*, after del Barrio, Cuesta-Albertos &
Matrán 2018, *An optimal transportation approach for assessing almost stochastic order*. One set of scores dominates another if
each of its quantiles is at least as high. The violation ratio is the share of the squared distance between the two quantile
functions that lies where this does not hold: 0 if the first dominates, 1 if the second does. The first is called almost
stochastically dominant if an upper bound of the ratio, estimated by bootstrap, stays below a threshold:

    bound = ratio + z(level) * deviation of the ratio over resamples      (eps_min of the paper)

The paper's threshold is 0.5. With that, a side is named better in 4 of 10 cases where nothing differs, however many runs there
are: two samples of one distribution often lie so that the ratio is near 0 or 1, and its resamples, too. The default here is 0.2.
With that it happens in 1 of 5 cases with 3 runs, 1 of 12 with 10 and 1 of 20 with 20 (`benchmarks.studies.stochastic_order`).

Few runs can show little. The bootstrap knows no score but those that were seen. If all scores of one side lie above those of the
other, no resample violates anything: the bound is 0 and no level changes it. `by_chance` says how often one side wins so
completely where nothing differs: 1 in 10 times with 3 and 3 runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from scipy import stats

from db.errors import LearnerError
from learner.arrays import Float64Array

LEVEL = 0.95
THRESHOLD = 0.2
"""The paper has 0.5."""
RESAMPLES = 1000
LEAST_RUNS = 2
_SEED = 2019


@dataclass(frozen=True)
class StochasticOrder:
    """Of the scores of the first way of training over those of the second."""

    ratio: float
    """Violation ratio, from 0 (the first dominates) to 1; that of the second over the first is 1 minus this."""
    bound: float
    """Upper bound of the ratio (eps_min)."""
    bound_of_other: float
    """Upper bound of the ratio of the second over the first."""
    threshold: float
    by_chance: float
    """How often all runs of one side win over all of the other, if nothing differs."""

    @property
    def sign(self) -> int:
        """1 if the first is almost stochastically dominant, -1 if the second is, 0 if neither."""
        return int(self.bound < self.threshold) - int(self.bound_of_other < self.threshold)


def violation_ratio(one: Float64Array, other: Float64Array) -> Float64Array:
    """Of the empirical distributions of scores, exactly: their quantile functions are steps. Half where both are the same.

    Args:
        one: scores, [..., runs].
        other: scores, [..., other runs].

    Returns:
        From 0 to 1, [...].
    """
    runs, others = one.shape[-1], other.shape[-1]
    # In units of 1 / (runs * others), so that no rounding makes a step that is not there.
    edges = np.union1d(np.arange(runs + 1) * others, np.arange(others + 1) * runs)
    start, width = edges[:-1], np.diff(edges)
    gap = np.sort(one, axis=-1)[..., start // others] - np.sort(other, axis=-1)[..., start // runs]
    total = (gap**2 * width).sum(axis=-1)
    violated = (np.minimum(gap, 0.0) ** 2 * width).sum(axis=-1)
    found: Float64Array = np.where(total > 0, violated / np.where(total > 0, total, 1.0), 0.5)
    return found


def almost_stochastic_order(
    one: Float64Array,
    other: Float64Array,
    *,
    level: float = LEVEL,
    comparisons: int = 1,
    threshold: float = THRESHOLD,
    resamples: int = RESAMPLES,
) -> StochasticOrder:
    """Compare the scores of repeated runs.

    Args:
        one, other: higher is better, [runs]; the runs are not paired, and may differ in number.
        level: of the upper bound.
        comparisons: how many are made at once; the level becomes 1 - (1 - level) / comparisons (Bonferroni).
        threshold: the bound below which a side counts as better, above 0 and at most 0.5.

    Raises:
        LearnerError: one side has fewer than two runs or a score that is no number, all scores are the same, or an option is out
            of range.
    """
    if min(len(one), len(other)) < LEAST_RUNS:
        raise LearnerError(
            f"Almost Stochastic Order needs {LEAST_RUNS} runs or more of each, not {len(one)} and {len(other)}; train more often."
        )
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise LearnerError("Almost Stochastic Order needs scores that are numbers; leave out runs without a score.")
    if np.ptp(np.concatenate([one, other])) == 0:
        raise LearnerError("All runs of both have the same score, so there is no order; compare runs that differ.")
    if not (0 < threshold <= 0.5 and 0.5 <= level < 1 and comparisons >= 1):
        raise LearnerError("The threshold must be above 0 and at most 0.5, the level from 0.5 to 1, comparisons 1 or more.")
    rng = np.random.default_rng(_SEED)
    ratio = float(violation_ratio(one, other))
    drawn = violation_ratio(
        one[rng.integers(0, len(one), (resamples, len(one)))], other[rng.integers(0, len(other), (resamples, len(other)))]
    )
    # The paper's factor sqrt(nm / (n + m)) is in the deviation and in front of it, and cancels out.
    above = float(stats.norm.ppf(1 - (1 - level) / comparisons) * drawn.std())
    return StochasticOrder(
        ratio=ratio,
        bound=min(1.0, ratio + above),
        bound_of_other=min(1.0, 1 - ratio + above),
        threshold=threshold,
        by_chance=2 / comb(len(one) + len(other), len(one)),
    )
