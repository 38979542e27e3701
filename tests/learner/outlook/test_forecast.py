"""Forecasts: laws are found again in their own curves, and there is no forecast without enough points."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from db.reports import AccuracyAhead, Forecast
from learner.outlook.forecast import Laws, course_of, worth_of

LABELS = [20, 30, 45, 70, 100, 150, 200]


def resamples(true: NDArray[np.float64], *, error: float = 0.02, seed: int = 5) -> NDArray[np.float64]:
    """Resampled points of a curve: with an error that all points share, and a smaller one for each point."""
    rng = np.random.default_rng(seed)
    together, alone = rng.normal(0, error, (1, 500)), rng.normal(0, error / 4, (len(true), 500))
    return true[:, None] + together + alone


def power(n: NDArray[np.float64]) -> NDArray[np.float64]:
    return 0.9 - 1.6 * n**-0.5


def laws(true: NDArray[np.float64], *, error: float = 0.02, clips: float = 10_000) -> Laws:
    found = Laws.fitted(LABELS, resamples(true, error=error), clips=clips)
    assert found is not None
    return found


@dataclass(frozen=True)
class More:
    """How many more labels, with its interval; infinite beyond the range that is searched."""

    value: float
    low: float
    high: float


def more_labels(found: Laws, target: float) -> More:
    """As the report answers it, where every label is one decision."""
    course = course_of(found, most=1400, at=50)
    rows = zip(course.more, course.middle, course.low, course.high, strict=True)
    points = [AccuracyAhead(decisions=round(n), ua=ua, ua_low=low, ua_high=high) for n, ua, low, high in rows]
    answer = Forecast(known=True, why=None, course=points).to_reach(target)
    more = (math.inf if bound is None else bound for bound in (answer.decisions, answer.low, answer.high))
    return More(*more)


def test_a_power_law_is_extrapolated() -> None:
    found = laws(power(np.array(LABELS)), error=0.005)
    low, middle, high = np.quantile(found.ua_at(np.array([400.0])), [0.05, 0.5, 0.95])
    assert middle == pytest.approx(float(power(np.array(400.0))), abs=0.015)
    assert low < float(power(np.array(400.0))) < high


def test_more_labels_are_forecast_with_an_interval_that_holds_them() -> None:
    found = more_labels(laws(power(np.array(LABELS)), error=0.005), 0.80)
    needed = (1.6 / 0.1) ** 2 - 200
    assert found.low < needed < found.high
    assert found.value == pytest.approx(needed, rel=0.5)


def test_the_less_is_known_the_wider_the_interval() -> None:
    sure, unsure = (more_labels(laws(power(np.array(LABELS)), error=error), 0.80) for error in (0.004, 0.02))
    assert unsure.low < sure.low
    assert unsure.high > sure.high


def test_the_fewer_clips_a_curve_is_measured_on_the_farther_it_may_stray_from_its_law() -> None:
    widths = []
    for clips in (10_000, 100, 25):
        seen = laws(power(np.array(LABELS)), error=0.004, clips=clips).seen_at(np.array([200.0, 250.0, 400.0]))
        low, high = np.quantile(seen, [0.1, 0.9], axis=0)
        widths.append(high - low)
    assert (np.diff(widths, axis=0) > 0).all(), "fewer clips, wider"
    assert (np.diff(widths, axis=1) > 0).all(), "farther ahead, wider"


def test_a_rare_label_makes_a_slice_worth_fewer_clips() -> None:
    assert worth_of(np.array([25, 25, 25, 25])) == pytest.approx(100)
    assert worth_of(np.array([95, 5])) == pytest.approx(19)
    assert worth_of(np.array([50, 0, 50])) == pytest.approx(100), "a label without clips does not enter the UA"
    assert worth_of(np.array([0, 0])) == 0


def test_an_accuracy_out_of_reach_takes_infinitely_many_labels() -> None:
    flat = laws(0.6 - 2.0 / np.array(LABELS), error=0.004)
    assert np.isinf(more_labels(flat, 0.95).low)
    ahead = flat.ua_at(np.array([200.0, 250.0]))
    assert float(np.quantile(ahead[:, 1] - ahead[:, 0], 0.95)) < 0.02


def test_an_accuracy_that_is_reached_takes_no_more_labels() -> None:
    assert more_labels(laws(power(np.array(LABELS)), error=0.004), 0.5).value == 0


@pytest.mark.parametrize("labels", [[20, 40, 80], [100, 120, 140, 160], [2, 4, 8, 16], []])
def test_short_curves_give_no_forecast(labels: list[int]) -> None:
    true = power(np.array(labels, dtype=np.float64))
    assert Laws.fitted(labels, resamples(true), clips=100) is None


def test_no_law_leads_above_one_or_down() -> None:
    n = np.array(LABELS, dtype=np.float64)
    for true in (0.3 + 0.13 * np.log(n / 10), 0.8 - 0.0005 * n):
        ua = laws(true).ua_at(np.geomspace(200, 1600, 20))
        assert ua.max() <= 1 + 1e-9
        assert (np.diff(ua, axis=1) >= -1e-9).all()
