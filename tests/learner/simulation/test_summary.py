"""The summary of a simulation's cells: what is computed over seeds, and how sure it is."""

from __future__ import annotations

import numpy as np
import pytest

from learner.simulation.cells import Cell
from learner.simulation.summary import interval, summary


def test_labels_saved_have_an_interval_over_seeds() -> None:
    labels = list(range(10, 210, 10))
    rng = np.random.default_rng(4)

    def cells(needed: float, *, spread: float) -> list[Cell]:
        """UA rises to .8 with `needed` labels, and a little more or less with each seed."""
        shares = needed * np.exp(rng.normal(0, spread, 20))
        return [Cell(labels, [float(0.8 * (1 - np.exp(-3 * n / share))) for n in labels]) for share in shares]

    full = [Cell([200], [0.8])] * 20
    sure = summary({"random": cells(150, spread=0.05), "default": cells(75, spread=0.05)}, full)
    unsure = summary({"random": cells(150, spread=0.6), "default": cells(75, spread=0.6)}, full)
    ratios = [found["strategies"]["default"]["labels_to_95_over"] for found in (sure, unsure)]
    for ratio in ratios:
        assert ratio["low"] <= 0.5 <= ratio["high"]
        assert ratio["low"] <= ratio["ratio"] <= ratio["high"]
    assert ratios[0]["high"] - ratios[0]["low"] < ratios[1]["high"] - ratios[1]["low"]
    assert "labels_to_95_over" not in sure["strategies"]["random"]


@pytest.mark.parametrize("ua", [[1.0, 0.9], [0.05, 0.0], [0.2, 1.0], [0.97, 0.99, 0.98]])
def test_intervals_of_few_seeds_stay_between_0_and_1(ua: list[float]) -> None:
    cells = [Cell([10, 20], [value, value]) for value in ua]
    found = summary({"default": cells, "random": cells}, cells)
    figures = found["strategies"]["default"]
    lows, highs = [found["full_ua_low"], *figures["ua_low"]], [found["full_ua_high"], *figures["ua_high"]]
    assert min(lows) >= 0
    assert max(highs) <= 1
    assert all(low <= np.mean(ua) <= high for low, high in zip(lows, highs, strict=True))


def test_of_two_seeds_that_differ_much_nothing_is_known() -> None:
    low, high = interval(np.array([[0.2], [1.0]]))
    assert (low.tolist(), high.tolist()) == ([0.0], [1.0])


def test_an_interval_inside_the_bounds_is_the_t_interval() -> None:
    low, high = interval(np.array([0.5, 0.6, 0.7, 0.6]))
    # The standard error is .0816 / 2, and the 97.5% quantile of t with 3 degrees of freedom 3.182.
    assert (float(low), float(high)) == pytest.approx((0.6 - 0.1299, 0.6 + 0.1299), abs=1e-4)


def test_a_difference_of_two_strategies_may_be_negative() -> None:
    worse, better = [Cell([10, 20], [ua, ua]) for ua in (0.1, 0.3)], [Cell([10, 20], [ua, ua]) for ua in (0.9, 0.8)]
    figures = summary({"default": worse, "random": better}, better)["strategies"]["default"]
    assert figures["aulc_gain"] == pytest.approx(-0.65)
    assert (figures["aulc_gain_low"], figures["aulc_gain_high"]) == (-1.0, 1.0)
