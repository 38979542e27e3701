"""McNemar's exact test: two classifiers on the same clips.

Only clips count that exactly one of the two predicts correctly. Without a difference each of these goes to either side like a
fair coin, so their numbers follow a binomial distribution (McNemar 1947, *Note on the sampling error of the difference between
correlated proportions or percentages*). No approximation by chi squared is made. The mid-p variant counts half of the probability
of what was seen; it is less cautious, and rarely too bold (Fagerland, Lydersen & Laake 2013, *The McNemar test for binary
matched-pairs data: mid-p and asymptotic are better than exact conditional*).

The test takes clips for independent: it does not know that clips of a speaker resemble each other. It also tests two trained
networks, not two ways of training. Several runs are therefore combined.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from db.errors import LearnerError
from learner.arrays import BoolArray


@dataclass(frozen=True)
class McNemar:
    """Of the first classifier against the second."""

    only_one: float
    """Clips that only the first predicts correctly; with several runs, the mean."""
    only_other: float
    p_better: float
    """One-sided: how often as many clips or more go to the first, if there is no difference."""
    p_worse: float

    @property
    def p(self) -> float:
        """Two-sided."""
        return min(1.0, 2 * min(self.p_better, self.p_worse))

    @property
    def sign(self) -> int:
        """1 if the clips are in favour of the first, -1 if of the second, 0 if of neither."""
        return int(np.sign(self.p_worse - self.p_better))


def mcnemar_of_counts(only_one: int, only_other: int, *, mid_p: bool = False) -> McNemar:
    """The test on the two numbers of clips that exactly one classifier predicts correctly; p is 1 where there are none."""
    together = only_one + only_other
    if min(only_one, only_other) < 0:
        raise LearnerError(f"McNemar's test needs counts, not {only_one} and {only_other}; count clips from 0.")
    half = float(stats.binom.pmf(only_one, together, 0.5)) / 2 if mid_p else 0.0
    better = float(stats.binom.sf(only_one - 1, together, 0.5)) - half
    worse = float(stats.binom.cdf(only_one, together, 0.5)) - half
    return McNemar(only_one, only_other, better, worse)


def mcnemar(one: BoolArray, other: BoolArray, *, mid_p: bool = False) -> McNemar:
    """The test on which clips two classifiers predict correctly, [clips] each, in the same order.

    Raises:
        LearnerError: these are not the same clips, or there are none.
    """
    if len(one) != len(other) or not len(one):
        raise LearnerError(
            f"McNemar's test compares two classifiers on the same clips, not {len(one)} and {len(other)}; predict the same ones."
        )
    return mcnemar_of_counts(int((one & ~other).sum()), int((other & ~one).sum()), mid_p=mid_p)


def mcnemar_over_runs(one: Sequence[BoolArray], other: Sequence[BoolArray], *, mid_p: bool = False) -> McNemar:
    """Run 1 against run 1, run 2 against run 2, and so on; the p of more than half of the runs decides.

    Of K one-sided values the k-th smallest, with k the least majority, is taken K/k times, which is a valid p however the runs
    depend on each other (Rüger 1978; see Vovk & Wang 2020, *Combining p-values via averaging*). One run gives the plain test.
    Runs without a partner are left out.

    Raises:
        LearnerError: as `mcnemar`, or there is no run.
    """
    pairs = [mcnemar(first, second, mid_p=mid_p) for first, second in zip(one, other, strict=False)]
    if not pairs:
        raise LearnerError("There is no run to compare; give at least one of each classifier.")
    return McNemar(
        float(np.mean([pair.only_one for pair in pairs])),
        float(np.mean([pair.only_other for pair in pairs])),
        _of_majority([pair.p_better for pair in pairs]),
        _of_majority([pair.p_worse for pair in pairs]),
    )


def _of_majority(p: Sequence[float]) -> float:
    least = len(p) // 2 + 1
    return min(1.0, sorted(p)[least - 1] * len(p) / least)
