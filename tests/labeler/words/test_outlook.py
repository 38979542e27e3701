"""The sentences about the outlook, on the page and on the command line."""

from __future__ import annotations

from typing import Any

import pytest

from db.reports import Calibration, Forecast, OutlookReport
from labeler.words.outlook import (
    advice_in_words,
    calibration_in_words,
    forecast_in_words,
    goal_in_words,
    more_clips_in_words,
    more_points,
    more_points_in_words,
    saved_in_words,
)

KNOWN = {"known": True, "why": None, "times": 2.4, "low": 1.6, "high": 3.7, "ua": 0.712, "ours": 120.0, "theirs": 288.0}
UNKNOWN = {"known": False, "why": "the random slice has 12 clips, and it takes 30", "times": None}
TARGET = {"ua": 0.8, "decisions": 120, "low": 80, "high": 190}
FARTHER = {"ua": 0.85, "decisions": None, "low": 250, "high": None}
AHEAD = {"decisions": 50, "ua": 0.78, "ua_low": 0.75, "ua_high": 0.82}


def outlook(**parts: Any) -> OutlookReport:
    return OutlookReport.model_validate(parts)


def forecast(*targets: dict[str, Any], horizon: dict[str, Any] | None = None) -> OutlookReport:
    horizon = horizon or {"decisions": 300, "all_left": True}
    return outlook(forecast={"known": True, "why": None, "horizon": horizon, "targets": list(targets), "ahead": AHEAD})


def test_a_forecast_gives_the_accuracy_ahead_and_the_nearest_targets_with_their_intervals() -> None:
    assert forecast_in_words(forecast(TARGET, FARTHER, {**FARTHER, "ua": 0.9})) == [
        "With 50 more decisions, UA is likely to be about 78% (75%–82%).",
        "80% UA takes about 120 more decisions (80–190).",
        "85% UA takes at least 250 more decisions, but most likely more than the 300 clips left.",
    ]


def test_a_target_that_may_take_more_clips_than_are_left() -> None:
    open_ended = {**TARGET, "high": None}
    sentences = forecast_in_words(forecast(open_ended))[1:]
    assert sentences == ["80% UA takes about 120 more decisions: at least 80, perhaps more than the 300 clips left."]
    assert forecast_in_words(forecast(open_ended, horizon={"decisions": 300, "all_left": False}))[1].endswith(
        ", perhaps more than 300 decisions."
    )


def test_where_clips_get_several_answers_the_forecast_gives_decisions_and_clips() -> None:
    several = forecast(FARTHER, horizon={"decisions": 900, "all_left": True, "clips": 300})
    assert forecast_in_words(several)[1].endswith("but most likely more than the 900 decisions for the 300 clips left.")


def test_a_lower_bound_of_zero_reads_as_only_a_few() -> None:
    assert forecast_in_words(forecast({**TARGET, "low": 0, "high": None}))[1] == (
        "80% UA takes about 120 more decisions: perhaps only a few, perhaps more than the 300 clips left."
    )


def test_one_decision_and_one_clip_are_singular() -> None:
    assert forecast_in_words(forecast({**FARTHER, "low": 1}, horizon={"decisions": 1, "all_left": True}))[1] == (
        "85% UA takes at least 1 more decision, but most likely more than the 1 clip left."
    )


def test_a_target_out_of_reach() -> None:
    sentences = forecast_in_words(forecast({**FARTHER, "low": None}))[1:]
    assert sentences == ["85% UA is not likely to be reached with the 300 clips left."]


def test_an_unknown_forecast_gives_the_reason() -> None:
    nothing = outlook(forecast={"known": False, "why": "the curve is too short"})
    assert forecast_in_words(nothing) == [
        "The number of decisions to the next accuracies is not known yet: the curve is too short."
    ]


def test_a_run_of_an_earlier_version_has_no_forecast() -> None:
    assert forecast_in_words(outlook(forecast={"known": True, "why": None, "targets": [TARGET], "ahead": None})) == []


def test_earmarks_order_is_compared_with_each_alternative() -> None:
    assert saved_in_words(outlook(data_saved={"random": KNOWN, "logmel": UNKNOWN})) == [
        "Earmark's order needed 120 labels for UA 0.71; random order needed 288, 2.4 times as many (95%: 1.6–3.7).",
        "How Earmark's order compares with random order with hand-made features (log-mel) is not known yet: "
        "the random slice has 12 clips, and it takes 30.",
    ]


def test_a_difference_that_may_be_due_to_chance_is_marked() -> None:
    (sentence,) = saved_in_words(outlook(data_saved={"random": {**KNOWN, "low": 0.9}}))
    assert sentence.endswith(". The difference may be due to chance.")


def test_more_labels_than_at_random_are_reported_too() -> None:
    worse = {**KNOWN, "times": 0.58, "low": 0.3, "high": 2.4, "ua": 0.51, "ours": 69.0, "theirs": 40.0}
    assert saved_in_words(outlook(data_saved={"random": worse})) == [
        "Earmark's order needed 69 labels for UA 0.51; random order needed 40, 0.6 times as many (95%: 0.3–2.4). "
        "The difference may be due to chance."
    ]


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (
            {"wanted": 0.05, "half_width": 0.1, "clips": 80, "enough_left": True},
            "About 80 more random clips would narrow the interval to ±5 points.",
        ),
        (
            {"wanted": 0.05, "half_width": 0.1, "clips": 80, "enough_left": False},
            "About 80 more random clips would narrow the interval to ±5 points, but fewer are left.",
        ),
        ({"wanted": 0.05, "half_width": 0.1, "clips": 0, "enough_left": True}, ""),
        (None, ""),
    ],
)
def test_more_random_clips(report: dict[str, Any] | None, sentence: str) -> None:
    assert more_clips_in_words(outlook(more_clips=report)) == sentence


def test_speakers_that_differ_too_much_are_named_as_the_reason() -> None:
    assert "speakers differ too much" in more_clips_in_words(
        outlook(more_clips={"wanted": 0.05, "half_width": 0.1, "clips": None, "enough_left": False})
    )


def test_advice_leads_with_what_to_do() -> None:
    assert advice_in_words(outlook(stop={"stop": True, "why": "Reason."})) == "You can stop labelling. Reason."
    assert advice_in_words(outlook(stop={"stop": False, "why": "Reason."})) == "Go on labelling. Reason."
    assert advice_in_words(outlook(stop={"stop": None, "why": "Reason."})) == "Reason."


def test_without_an_outlook_there_are_no_sentences() -> None:
    assert advice_in_words(None) == more_clips_in_words(None) == advice_in_words(outlook()) == ""
    assert forecast_in_words(None) == saved_in_words(None) == forecast_in_words(outlook()) == []


def test_confidence_before_and_after_temperature_scaling() -> None:
    sentence = calibration_in_words(Calibration(clips=40, temperature=1.8, ece_raw=0.114, ece=0.031, bins=[]))
    assert sentence == (
        "As trained, the classifier is too confident: its confidence is wrong by 11 points on average, "
        "and by 3 after scaling with a temperature of 1.80."
    )


def course(*points: tuple[int, float, float, float], measured: float | None = None) -> Forecast:
    """A forecast with these points: decisions, UA and its bounds."""
    names = ("decisions", "ua", "ua_low", "ua_high")
    last = {"decisions": points[-1][0], "all_left": True}
    ahead = [dict(zip(names, point, strict=True)) for point in points]
    return Forecast.model_validate({"known": True, "why": None, "horizon": last, "course": ahead, "measured": measured})


COURSE = course((0, 0.80, 0.78, 0.81), (100, 0.84, 0.79, 0.86), (300, 0.86, 0.82, 0.92), measured=0.795)


@pytest.mark.parametrize(
    ("goal", "sentence"),
    [
        (0.82, "82% UA takes about 50 more decisions (20–300)."),
        (0.85, "85% UA takes about 200 more decisions: at least 80, perhaps more than the 300 clips left."),
        (0.9, "90% UA takes at least 233 more decisions, but most likely more than the 300 clips left."),
        (0.93, "93% UA is not likely to be reached with the 300 clips left."),
        (0.79, "79% UA is reached already: the curve of all runs stands at 80%."),
        (0.797, "79.7% UA is reached already: the curve of all runs stands at 80%, though 79.5% was measured last."),
        (85, "UA is between 0% and 100%; give a goal between them."),
    ],
)
def test_any_goal_is_answered_with_an_interval_or_honestly_not(goal: float, sentence: str) -> None:
    assert goal_in_words(COURSE, goal) == sentence


def test_a_goal_that_was_measured_by_chance_is_not_reached_yet() -> None:
    lucky = COURSE.model_copy(update={"measured": 0.83})
    assert goal_in_words(lucky, 0.82) == (
        "83% was measured last, but the curve of all runs stands at 80%. "
        "To stay there: 82% UA takes about 50 more decisions (20–300)."
    )


def test_without_a_forecast_a_goal_gets_the_reason() -> None:
    few = Forecast(known=False, why="the random slice has 12 of 30 necessary clips")
    assert goal_in_words(few, 0.85) == (
        "How many more decisions 85% UA takes is not known yet: the random slice has 12 of 30 necessary clips."
    )
    assert more_points_in_words(few).endswith("the random slice has 12 of 30 necessary clips.")
    of_an_earlier_version = Forecast(known=True, why=None)
    for nothing in (None, of_an_earlier_version):
        assert goal_in_words(nothing, 0.85).endswith("not known yet: the next run makes a forecast.")


def test_two_points_more_start_where_the_curve_stands() -> None:
    assert more_points_in_words(COURSE) == (
        "2 points more are 82%, since the curve of all runs stands at 80%. 82% UA takes about 50 more decisions (20–300)."
    )
    assert (
        more_points_in_words(COURSE, points=25) == "25 points more are not possible, since the curve of all runs stands at 80%."
    )


def test_two_points_more_are_a_goal_that_can_be_typed_and_get_the_same_answer() -> None:
    between = COURSE.model_copy(update={"now": 0.8037})
    goal = more_points(0.8037, 2)
    assert goal == 0.82
    assert more_points_in_words(between) == (
        f"2 points more are 82%, since the curve of all runs stands at 80%. {goal_in_words(COURSE, goal)}"
    )


def test_a_goal_names_the_curve_where_it_is_far_from_what_was_measured() -> None:
    assert goal_in_words(COURSE.model_copy(update={"measured": 0.77}), 0.82) == (
        "82% UA takes about 50 more decisions (20–300). "
        "77% was measured last; that is below the curve of all runs, which stands at 80%."
    )


def test_a_measured_accuracy_off_the_curve_is_mentioned_before_the_forecast() -> None:
    ahead = {"ahead": COURSE.at(100), "measured": 0.77}
    found = forecast_in_words(OutlookReport(forecast=COURSE.model_copy(update=ahead)))
    assert found == [
        "77% was measured last; that is below the curve of all runs, which stands at 80%.",
        "With 100 more decisions, UA is likely to be about 84% (79%–86%).",
    ]
