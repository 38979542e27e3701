"""Stop advice: each sign by itself, and that it takes all three."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from db.reports import AccuracyAhead, Forecast, StopSign
from learner.outlook.forecast import Laws
from learner.outlook.stability import stability
from learner.outlook.stopping import flat_sign, rare_sign, stable_sign, stop_advice

IDS, NAMES = [1, 2, 3], ["angry", "happy", "sad"]


def laws(drop: float) -> Laws:
    """200 equal resamples: by the law n^-1, so many points are left to learn today."""
    return Laws(200, np.full(200, 0.8), np.full(200, drop * 10), np.full(200, 5), clips=100.0)


def sign_of(drop: float, *, answers_a_label: int = 1) -> StopSign:
    """The sign of a curve, on the forecast that is reported with it."""
    found = laws(drop)
    before, after = np.median(found.ua_at(np.array([200.0, 250.0])), axis=0).tolist()
    now = AccuracyAhead(decisions=0, ua=before, ua_low=before, ua_high=before)
    ahead = AccuracyAhead(decisions=50 * answers_a_label, ua=after, ua_low=before, ua_high=after)
    return flat_sign(found, Forecast(known=True, why=None, course=[now, ahead], ahead=ahead))


def test_a_flat_curve_is_a_sign_and_a_rising_one_is_none() -> None:
    assert sign_of(0.02).met
    rising = sign_of(0.2)
    assert rising.met is False
    assert rising.why == "50 more decisions would raise UA by about 4.0 points."


def test_a_curve_that_may_rise_all_the_same_is_not_flat() -> None:
    drop = np.where(np.arange(200) < 180, 0.2, 4.0)
    found = Laws(200, np.full(200, 0.8), drop, np.full(200, 5), clips=100.0)
    now, ahead = (AccuracyAhead(decisions=n, ua=ua, ua_low=ua, ua_high=ua) for n, ua in ((0, 0.78), (50, 0.784)))
    sign = flat_sign(found, Forecast(known=True, why=None, course=[now, ahead], ahead=ahead))
    assert (sign.met, sign.why) == (False, "50 more decisions would raise UA by about 0.4 points, but perhaps by 8.0.")


def test_where_labels_take_several_answers_it_counts_answers_as_the_forecast_does() -> None:
    assert sign_of(0.2, answers_a_label=3).why.startswith("150 more decisions would raise UA by about 4.0 points")


def test_no_forecast_is_no_sign_either_way() -> None:
    assert flat_sign(None, Forecast(known=False, why="the curve is too short")).met is None


def test_where_hardly_any_clips_are_left_they_cannot_help_much() -> None:
    assert flat_sign(laws(0.2), Forecast(known=False, why="hardly any clips are left")).met


def test_predictions_that_stay_are_a_sign() -> None:
    assert stable_sign([0.95, 0.97, 0.99]).met
    assert stable_sign([0.95, 0.80, 0.99]).met is False
    assert stable_sign([]).met is None


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40))
def test_kappa_is_that_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    one, two = np.array(pairs).T
    expected = cohen_kappa_score(one, two) if len(np.unique(pairs)) > 1 else 1.0
    assert stability(one, two) == pytest.approx(expected)


def test_even_labels_have_no_rare_one() -> None:
    assert rare_sign([1, 2, 3] * 20, IDS, NAMES).met


def test_a_label_without_examples_speaks_against_stopping() -> None:
    sign = rare_sign([1, 2] * 60, IDS, NAMES)
    assert (sign.met, sign.why) == (False, "No example of sad has been found yet.")


def test_a_late_find_of_a_rare_class_speaks_against_stopping() -> None:
    early, late = [3, 3, *[1, 2] * 60], [*[1, 2] * 60, 3, 3]
    assert rare_sign(early, IDS, NAMES).met
    sign = rare_sign(late, IDS, NAMES)
    assert (sign.met, sign.why) == (False, "2 of the last 30 answers gave a rare label (sad).")


def test_it_takes_all_three_signs() -> None:
    for met in ([True, True, False], [False, True, True], [True, False, None]):
        advice = stop_advice([StopSign(name="x", met=sign, why=f"Reason {number}.") for number, sign in enumerate(met)], left=10)
        assert advice.stop is False
        assert f"Reason {met.index(False)}." in advice.why
    signs = [StopSign(name="x", met=True, why="Reason.")] * 3
    assert stop_advice(signs, left=10).stop is True
    assert stop_advice([*signs[:2], StopSign(name="x", met=None, why="Too early.")], left=10).stop is None


def test_where_nothing_is_left_there_is_nothing_to_do() -> None:
    assert stop_advice([StopSign(name="x", met=False, why="No.")] * 3, left=0).why == "Every clip has an answer."
