"""Whatever is stated about more labels follows from one forecast: no pair of statements contradicts each other.

Once a page had "36 more labels would bring 0.8 points" beside "45 more … +4": the first was in labels and started at the law, the
second in decisions and at the measured accuracy.
"""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pytest

from db.reports import Forecast, OutlookReport, StopSign
from labeler.words.outlook import forecast_in_words, goal_in_words, more_points, more_points_in_words
from learner.evaluation.accuracy import Accuracy
from learner.evaluation.intervals import Interval
from learner.outlook.forecast import Laws
from learner.outlook.outlook import Scored, forecast_report
from learner.outlook.stopping import flat_sign

CURVES = {
    "rising": [0.35, 0.48, 0.55, 0.62, 0.66, 0.70, 0.73],
    "flat": [0.60, 0.72, 0.78, 0.80, 0.805, 0.81, 0.81],
    "last point too low": [0.50, 0.62, 0.70, 0.76, 0.80, 0.82, 0.78],
    "last point too high": [0.50, 0.62, 0.68, 0.72, 0.74, 0.75, 0.83],
    "jumpy": [0.40, 0.60, 0.50, 0.70, 0.58, 0.75, 0.66],
    "nearly perfect": [0.90, 0.95, 0.97, 0.98, 0.985, 0.99, 0.995],
    "falling": [0.80, 0.79, 0.77, 0.76, 0.75, 0.74, 0.74],
}
LABELS = [20, 30, 45, 70, 100, 150, 200]


@dataclass(frozen=True)
class _Answer:
    clip_id: int


@dataclass(frozen=True)
class _Traced:
    newest: Accuracy


def outlook(curve: str, *, left: int, answers_a_clip: int) -> tuple[Forecast, StopSign]:
    """What is reported of a curve that 80 clips of the slice measured."""
    ua = np.array(CURVES[curve])
    rng = np.random.default_rng(4)
    draws = ua[:, None] + rng.normal(0, 0.02, (len(ua), 400))
    laws = Laws.fitted(LABELS, draws - draws[-1] + ua[-1], clips=80.0)
    none = np.zeros(0, dtype=np.int64)
    traced = _Traced(Accuracy(Interval(float(ua[-1]), 0.0, 1.0), float(ua[-1]), none, none, none))
    live = [_Answer(clip) for clip in range(LABELS[-1]) for _ in range(answers_a_clip)]
    scored = Scored(cast("Any", None), cast("Any", live), [], [], cast("Any", None), {}, cast("Any", traced))
    forecast = forecast_report(scored, laws, left=left)
    return forecast, flat_sign(laws, forecast)


def amount(value: int | None) -> float:
    return math.inf if value is None else value


def gain_in(sentence: str) -> tuple[int, float]:
    """Decisions and points of `50 more decisions would raise UA by about 4.0 points`."""
    found = re.match(r"(\d+) more decisions? would raise UA by about (\d+\.\d) points", sentence)
    assert found is not None, sentence
    return int(found[1]), float(found[2])


@pytest.mark.parametrize("answers_a_clip", [1, 3])
@pytest.mark.parametrize("left", [10, 150, 5000])
@pytest.mark.parametrize("curve", CURVES)
def test_no_two_statements_contradict_each_other(curve: str, left: int, answers_a_clip: int) -> None:
    forecast, flat = outlook(curve, left=left, answers_a_clip=answers_a_clip)
    assert forecast.known
    assert forecast.now is not None
    assert forecast.ahead is not None
    assert forecast.horizon is not None
    course, horizon = forecast.course, forecast.horizon.decisions
    assert (course[0].decisions, course[-1].decisions) == (0, horizon)
    for before, after in itertools.pairwise(course):
        assert before.decisions < after.decisions
        assert before.ua <= after.ua
        assert (before.ua_low <= after.ua_low, before.ua_high <= after.ua_high) == (True, True)
        assert after.ua_low <= after.ua <= after.ua_high

    decisions, points = gain_in(flat.why)
    assert decisions == forecast.ahead.decisions, "the sign and the forecast are about as many decisions"
    assert points == pytest.approx(100 * (forecast.ahead.ua - forecast.now), abs=0.06)
    assert forecast.ahead == forecast.at(decisions)

    for target in forecast.targets:
        assert target == forecast.to_reach(target.ua)
        assert target.decisions != 0, "what is reached already is no target"
    assert [target.decisions for target in forecast.targets[:-1]].count(None) == 0, "at most one is beyond reach"
    two_points = max(forecast.now, forecast.measured or 0.0) + 0.03
    assert course[-1].ua < two_points or two_points > 0.99 or any(target.decisions for target in forecast.targets)

    before_this = (0.0, 0.0, 0.0)
    for goal in np.arange(0.3, 1.0, 0.01):
        answer = forecast.to_reach(float(goal))
        bounds = (amount(answer.low), amount(answer.decisions), amount(answer.high))
        assert bounds == tuple(sorted(bounds))
        assert all(more >= less for more, less in zip(bounds, before_this, strict=True)), "a higher goal takes no fewer"
        before_this = bounds
        assert (answer.decisions == 0) == (goal <= forecast.now)
        if answer.decisions:
            there, just_before = forecast.at(answer.decisions), forecast.at(max(answer.decisions - 1, 0))
            assert there is not None
            assert just_before is not None
            assert just_before.ua - 0.01 <= goal <= there.ua + 0.01
        assert (answer.decisions is None) == (goal > course[-1].ua)
        assert (answer.low is None) == (goal > course[-1].ua_high)


@pytest.mark.parametrize("curve", CURVES)
def test_the_answers_in_words_are_those_of_the_forecast(curve: str) -> None:
    forecast, _ = outlook(curve, left=150, answers_a_clip=1)
    assert forecast.now is not None
    sentences = forecast_in_words(OutlookReport(forecast=forecast))
    stands = [sentence for sentence in sentences if "was measured last" in sentence]
    for target in forecast.targets:
        # A goal's answer ends with where the curve stands, which the page has as a sentence of its own.
        named = goal_in_words(forecast, target.ua).removesuffix("".join(f" {sentence}" for sentence in stands))
        assert named in sentences or f"{target.ua:.0%} UA is not likely" in named or "most likely more than" in named
    # Both go from whole percent to whole percent, as they are shown.
    two_more = goal_in_words(forecast, more_points(forecast.now, 2)).split("To stay there: ")[-1]
    answer = two_more.split(" was measured last")[0].rpartition(". ")[0] + "." if "measured last" in two_more else two_more
    assert answer in more_points_in_words(forecast) or "not possible" in more_points_in_words(forecast)
    assert "is reached already" in goal_in_words(forecast, forecast.now - 0.02)
    off = forecast.measured is not None and abs(forecast.measured - forecast.now) >= 0.01
    assert any("was measured last" in sentence for sentence in sentences) == off
