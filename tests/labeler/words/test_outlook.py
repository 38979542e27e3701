"""What the outlook says in words, on the page and on the command line."""

from __future__ import annotations

from typing import Any

import pytest

from db.reports import Calibration, OutlookReport
from labeler.words.outlook import advice_in_words, calibration_in_words, forecast_in_words, more_clips_in_words, saved_in_words

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


def test_the_accuracy_ahead_is_told_and_the_nearest_targets_with_their_intervals() -> None:
    assert forecast_in_words(forecast(TARGET, FARTHER, {**FARTHER, "ua": 0.9})) == [
        "With 50 more decisions UA is likely to be about 78% (75%–82%).",
        "About 120 more decisions to 80% UA (80–190).",
        "85% UA takes at least 250 more decisions, and most likely more than the 300 clips left.",
    ]


def test_a_target_that_the_clips_may_not_be_enough_for_is_told_as_such() -> None:
    open_ended = {**TARGET, "high": None}
    told = forecast_in_words(forecast(open_ended))[1:]
    assert told == ["About 120 more decisions to 80% UA; at least 80, and perhaps more than the 300 clips left."]
    assert forecast_in_words(forecast(open_ended, horizon={"decisions": 300, "all_left": False}))[1].endswith(
        "and perhaps more than 300."
    )


def test_where_clips_have_several_answers_both_are_told() -> None:
    several = forecast(FARTHER, horizon={"decisions": 900, "all_left": True, "clips": 300})
    assert forecast_in_words(several)[1].endswith("and most likely more than the 900 that the 300 clips left will take.")


def test_no_target_takes_at_least_nothing() -> None:
    assert forecast_in_words(forecast({**TARGET, "low": 0, "high": None}))[1] == (
        "About 120 more decisions to 80% UA; perhaps only a few, and perhaps more than the 300 clips left."
    )


def test_what_is_out_of_reach_is_said_to_be() -> None:
    told = forecast_in_words(forecast({**FARTHER, "low": None}))[1:]
    assert told == ["85% UA is not likely to be reached with the 300 clips left."]


def test_what_is_not_yet_known_is_said_to_be() -> None:
    nothing = outlook(forecast={"known": False, "why": "the curve is too short"})
    assert forecast_in_words(nothing) == [
        "How many more decisions it takes to be better is not yet known: the curve is too short."
    ]


def test_a_run_of_an_earlier_version_tells_no_forecast() -> None:
    assert forecast_in_words(outlook(forecast={"known": True, "why": None, "targets": [TARGET], "ahead": None})) == []


def test_data_saved_is_told_against_each_way() -> None:
    assert saved_in_words(outlook(data_saved={"random": KNOWN, "logmel": UNKNOWN})) == [
        "2.4 times less data (1.6–3.7) than labels taken at random: UA 0.71 took 120 labels instead of 288.",
        "Data saved against hand-made features (log-mel) on labels taken at random is not yet known: "
        "the random slice has 12 clips, and it takes 30.",
    ]


def test_a_saving_that_may_be_chance_is_not_told_as_one() -> None:
    (told,) = saved_in_words(outlook(data_saved={"random": {**KNOWN, "low": 0.9}}))
    assert "which may be chance" in told


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"wanted": 0.05, "half_width": 0.1, "clips": 80, "enough_left": True}, "About 80 more random clips for ±5 points."),
        (
            {"wanted": 0.05, "half_width": 0.1, "clips": 80, "enough_left": False},
            "About 80 more random clips for ±5 points, more than are left.",
        ),
        ({"wanted": 0.05, "half_width": 0.1, "clips": 0, "enough_left": True}, ""),
        (None, ""),
    ],
)
def test_more_random_clips(told: dict[str, Any] | None, said: str) -> None:
    assert more_clips_in_words(outlook(more_clips=told)) == said


def test_speakers_that_differ_too_much_are_named_as_the_reason() -> None:
    assert "speakers differ too much" in more_clips_in_words(
        outlook(more_clips={"wanted": 0.05, "half_width": 0.1, "clips": None, "enough_left": False})
    )


def test_advice_leads_with_what_to_do() -> None:
    assert advice_in_words(outlook(stop={"stop": True, "why": "Reason."})) == "You can stop labelling. Reason."
    assert advice_in_words(outlook(stop={"stop": False, "why": "Reason."})) == "Go on labelling. Reason."
    assert advice_in_words(outlook(stop={"stop": None, "why": "Reason."})) == "Reason."


def test_before_there_is_an_outlook_nothing_is_said() -> None:
    assert advice_in_words(None) == more_clips_in_words(None) == advice_in_words(outlook()) == ""
    assert forecast_in_words(None) == saved_in_words(None) == forecast_in_words(outlook()) == []


def test_confidence_is_told_before_and_after_mending() -> None:
    said = calibration_in_words(Calibration(clips=40, temperature=1.8, ece_raw=0.114, ece=0.031, bins=[]))
    assert said == "As trained it is too sure: its confidence is 11 points off on average, and 3 after a temperature of 1.80."
