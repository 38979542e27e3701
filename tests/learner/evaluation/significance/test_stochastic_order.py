"""Almost Stochastic Order: the properties that its paper gives, and distributions whose violation ratio is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from benchmarks.studies.stochastic_order import MEAN, WIDTH, covered, known_ratio, named
from db.errors import LearnerError
from learner.arrays import Float64Array
from learner.evaluation.significance.stochastic_order import almost_stochastic_order, violation_ratio


def scores(*values: float) -> Float64Array:
    return np.array(values, dtype=np.float64)


def test_the_ratio_of_small_samples_by_hand() -> None:
    # Quantiles .5 and .9 against .6 and .7: one gap of -.1 and one of .2.
    assert violation_ratio(scores(0.9, 0.5), scores(0.6, 0.7)) == pytest.approx(0.01 / 0.05)
    # Two runs against three: the steps are at 1/3, 1/2 and 2/3.
    gaps, widths = scores(0.2, -0.3, 0.6, -0.1), scores(2, 1, 1, 2)
    expected = (gaps[[1, 3]] ** 2 * widths[[1, 3]]).sum() / (gaps**2 * widths).sum()
    assert violation_ratio(scores(0.3, 1.2), scores(0.1, 0.6, 1.3)) == pytest.approx(expected)


def test_who_dominates_has_no_violation_and_the_other_only_violations() -> None:
    high, low = scores(0.8, 0.82, 0.9), scores(0.5, 0.6, 0.7, 0.75)
    found = almost_stochastic_order(high, low)
    assert (found.ratio, found.bound, found.sign) == (0, 0, 1)
    other = almost_stochastic_order(low, high)
    assert (other.ratio, other.bound, other.sign) == (1, 1, -1)


def test_the_ratio_of_one_over_the_other_is_one_minus_that_of_the_other_over_the_one() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(0.5, 1, (20, 5)), rng.normal(0, 1, (20, 8))
    np.testing.assert_allclose(violation_ratio(one, other), 1 - violation_ratio(other, one))
    assert violation_ratio(one[0], one[0]) == 0.5


def test_normal_distributions_have_the_ratio_of_the_integral() -> None:
    known, gap = known_ratio(), (stats.norm(MEAN, WIDTH).ppf, stats.norm.ppf)
    violated, _ = integrate.quad(lambda t: min(gap[0](t) - gap[1](t), 0) ** 2, 0, 1)
    total, _ = integrate.quad(lambda t: (gap[0](t) - gap[1](t)) ** 2, 0, 1)
    assert violated / total == pytest.approx(known, abs=1e-6)
    places = (np.arange(20_000) + 0.5) / 20_000
    assert violation_ratio(gap[0](places), gap[1](places)) == pytest.approx(known, abs=1e-3)
    # The ratio is unbiased, and the bound holds nearly as often as its level says, 95%.
    mean_ratio, holds = covered(runs=200, draws=60)
    assert mean_ratio == pytest.approx(known, abs=0.04)
    assert holds >= 0.85


def test_more_comparisons_ask_for_more() -> None:
    rng = np.random.default_rng(3)
    one, other = rng.normal(0.8, 1, 10), rng.normal(0, 1, 10)
    alone, many = almost_stochastic_order(one, other), almost_stochastic_order(one, other, comparisons=26)
    assert alone.ratio == many.ratio < alone.bound < many.bound
    assert almost_stochastic_order(one, other, threshold=0.01).sign == 0


def test_few_runs_show_little_and_it_says_so() -> None:
    assert almost_stochastic_order(scores(1, 2, 3), scores(4, 5, 6)).by_chance == pytest.approx(0.1)
    assert almost_stochastic_order(np.arange(10.0), np.arange(10.0) + 0.5).by_chance < 2e-5


def test_where_nothing_differs_ten_runs_rarely_name_a_winner() -> None:
    wrong = [sum(named(runs=10, gain=0, threshold=threshold, comparisons=1, trials=100)) for threshold in (0.2, 0.5)]
    assert wrong[0] < 0.15
    assert wrong[1] > 0.25


@pytest.mark.parametrize(
    ("one", "other", "options", "sentence"),
    [
        (scores(0.5), scores(0.4, 0.5), {}, "not 1 and 2; train more often"),
        (scores(0.5, np.nan), scores(0.4, 0.5), {}, "scores that are numbers"),
        (scores(0.5, 0.5), scores(0.5, 0.5), {}, "the same score"),
        (scores(0.5, 0.6), scores(0.5, 0.5), {"threshold": 0.6}, "threshold must be above 0"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    one: Float64Array, other: Float64Array, options: dict[str, float], sentence: str
) -> None:
    with pytest.raises(LearnerError, match=sentence):
        almost_stochastic_order(one, other, **options)  # type: ignore[arg-type]
