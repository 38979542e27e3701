"""What the sections of the Dashboard are made of, without a page."""

from __future__ import annotations

from db.reports import ConfusedClip, ThresholdPoint
from labeler.app.pages.dashboard.explained import as_csv
from labeler.app.pages.dashboard.labels import threshold_in_words
from labeler.app.pages.dashboard.mixups import mix_ups


def clip(number: int, label: int, predicted: int) -> ConfusedClip:
    return ConfusedClip(clip=number, label=label, predicted=predicted, confidence=0.5)


def test_pairs_are_counted_both_ways_and_the_most_frequent_comes_first() -> None:
    tested = [clip(1, 1, 2), clip(2, 2, 1), clip(3, 3, 1), clip(4, 1, 1), clip(5, 3, 3)]
    assert [(pair.first, pair.second, pair.clips, pair.of) for pair in mix_ups(tested)] == [(1, 2, 2, 3), (1, 3, 1, 4)]
    assert mix_ups([clip(1, 1, 1)]) == []


def test_a_threshold_in_words() -> None:
    point = ThresholdPoint(threshold=0.8, precision=0.94, low=0.81, high=0.98, kept=0.61, clips=23)
    assert threshold_in_words("sad", point) == (
        "At 0.80, “sad” is right 94% of the time (81–98%) and keeps 61% of the clips that are predicted as it (23 clips)."
    )
    nothing = ThresholdPoint(threshold=0.99, precision=None, low=0, high=1, kept=0, clips=0)
    assert threshold_in_words("sad", nothing) == "At 0.99, no clip that is predicted as “sad” is left."


def test_data_of_a_chart_holds_no_formula() -> None:
    assert as_csv([{"label": "=1+1", "clips": -3}, {"label": "sad", "more": 1}]).decode() == (
        "label,clips,more\r\n'=1+1,-3,\r\nsad,,1\r\n"
    )
    assert as_csv([{"+a": ' "@b', "c": "d;=e"}]).decode() == '\'+a,c\r\n" ""\'@b",d;\'=e\r\n'
