"""McNemar's exact test, against tables that were published and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from db.errors import LearnerError
from learner.evaluation.significance.mcnemar import mcnemar, mcnemar_of_counts, mcnemar_over_runs


@pytest.mark.parametrize(
    ("only_one", "only_other", "exact", "mid"),
    [
        (1, 7, 0.070, 0.039),  # Bentur et al. 2009, in Fagerland, Lydersen & Laake 2013
        (6, 16, 0.052, 0.035),  # Cavo et al. 2012, ibid.
        (0, 5, 0.0625, 0.03125),
        (4, 4, 1.0, 1.0),
    ],
)
def test_published_tables(only_one: int, only_other: int, exact: float, mid: float) -> None:
    found = mcnemar_of_counts(only_one, only_other)
    assert found.p == pytest.approx(stats.binomtest(only_one, only_one + only_other).pvalue)
    assert found.sign == np.sign(only_one - only_other)
    assert found.p == pytest.approx(exact, abs=5e-4)
    assert mcnemar_of_counts(only_one, only_other, mid_p=True).p == pytest.approx(mid, abs=5e-4)


def test_only_clips_count_that_exactly_one_predicts_correctly() -> None:
    one = np.array([True] * 8 + [False] * 2 + [True] * 90)
    other = np.array([False] * 8 + [True] * 2 + [True] * 90)
    found = mcnemar(one, other)
    assert (found.only_one, found.only_other, found.sign) == (8, 2, 1)
    assert found.p == pytest.approx(stats.binomtest(8, 10).pvalue)
    assert mcnemar(other, one).p == found.p
    assert mcnemar(one, one).p == 1
    assert mcnemar(one, one).sign == 0


def test_most_runs_must_show_it() -> None:
    better = np.arange(100) < 20
    worse, none = np.zeros(100, dtype=np.bool_), np.zeros(100, dtype=np.bool_)
    single = mcnemar(better, worse).p
    assert mcnemar_over_runs([better], [worse]).p == single
    # Two of three: their p, one and a half times.
    assert mcnemar_over_runs([better, better, none], [worse] * 3).p == pytest.approx(1.5 * single)
    assert mcnemar_over_runs([better, none, none], [worse] * 3).p == 1
    # One for, one against: nothing is shown.
    assert mcnemar_over_runs([better, worse], [worse, better]).sign == 0


def test_runs_that_only_differ_by_chance_are_rarely_called_different() -> None:
    rng = np.random.default_rng(0)
    below = 0
    for _ in range(300):
        shared = rng.random(80) < 0.5
        runs = [shared ^ (rng.random(80) < 0.2) for _ in range(6)]
        below += mcnemar_over_runs(runs[:3], runs[3:]).p < 0.05
    assert below <= 15


def test_other_clips_are_refused() -> None:
    with pytest.raises(LearnerError, match="not 3 and 4; predict the same ones"):
        mcnemar(np.ones(3, dtype=np.bool_), np.ones(4, dtype=np.bool_))
    with pytest.raises(LearnerError, match="not 0 and 0"):
        mcnemar(np.ones(0, dtype=np.bool_), np.ones(0, dtype=np.bool_))
    with pytest.raises(LearnerError, match="no run"):
        mcnemar_over_runs([], [])
