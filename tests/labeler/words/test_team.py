"""Sentences about the team: plain where something is certain, and none where it may be chance."""

from __future__ import annotations

from db.reports import AnnotatorPair, AnnotatorQuality, DriftPoint, TeamReport
from labeler.words.team import reliability_in_words, team_in_words

NAMES = {1: "ann", 2: "ben", 3: "cat"}
CHANCE = "Nobody's answers stand out: differences between the annotators may be due to chance."


def quality(
    annotator: int, low: float, value: float, high: float, *, on: str = "other annotators", drift: list[DriftPoint] | None = None
) -> AnnotatorQuality:
    return AnnotatorQuality(
        annotator=annotator, answers=200, reliability=value, low=low, high=high, clips=120, measured_on=on, drift=drift or []
    )


def stretch(low: float, value: float, high: float) -> DriftPoint:
    return DriftPoint(first_at=0.0, last_at=1.0, reliability=value, low=low, high=high, clips=30)


def pair(first: int, second: int, clips: int, agreement: float) -> AnnotatorPair:
    return AnnotatorPair(first=first, second=second, clips=clips, agreement=agreement, kappa=None)


def words(*annotators: AnnotatorQuality, pairs: list[AnnotatorPair] | None = None, labels: int = 7) -> list[str]:
    return team_in_words(TeamReport(annotators=list(annotators), pairs=pairs or []), NAMES, labels=labels)


GOOD = (quality(1, 0.85, 0.9, 0.94), quality(2, 0.8, 0.86, 0.9))


def test_one_of_three_who_is_right_in_41_percent_is_named() -> None:
    assert words(*GOOD, quality(3, 0.33, 0.41, 0.49)) == [
        "cat is right on about 41% of clips (33%–49%), by 120 clips that others answered too: more often wrong than right."
    ]


def test_little_better_than_chance_depends_on_how_many_labels_there_are() -> None:
    assert "no better than chance" in words(*GOOD, quality(3, 0.1, 0.2, 0.3))[0]
    assert "no better than chance" in words(*GOOD, quality(3, 0.33, 0.41, 0.49), labels=3)[0]


def test_less_often_than_everybody_else_only_where_intervals_are_apart() -> None:
    assert words(*GOOD, quality(3, 0.6, 0.7, 0.78))[0].endswith("less often than everybody else.")
    assert words(*GOOD, quality(3, 0.6, 0.72, 0.82)) == [CHANCE]


def test_of_two_alone_nobody_is_blamed_unless_gold_says_so() -> None:
    two = quality(1, 0.7, 0.8, 0.88), quality(2, 0.2, 0.3, 0.4)
    assert words(*two) == [CHANCE]
    (sentence,) = words(quality(1, 0.7, 0.8, 0.88, on="gold"), quality(2, 0.2, 0.3, 0.4, on="gold"))
    assert sentence == "ben is right on about 30% of clips (20%–40%), by 120 gold clips: more often wrong than right."


def test_who_has_become_worse_beyond_chance() -> None:
    fell = quality(3, 0.7, 0.78, 0.85, drift=[stretch(0.85, 0.95, 0.99), stretch(0.7, 0.85, 0.94), stretch(0.35, 0.5, 0.65)])
    assert words(*GOOD, fell) == ["cat has become worse: right on 95% of clips earlier, and on 50% of the last 30."]
    rose = quality(3, 0.7, 0.78, 0.85, drift=[stretch(0.35, 0.5, 0.65), stretch(0.85, 0.95, 0.99)])
    assert words(*GOOD, rose) == ["cat has become better: right on 50% of clips earlier, and on 95% of the last 30."]
    unsteady = quality(3, 0.7, 0.78, 0.85, drift=[stretch(0.75, 0.9, 0.97), stretch(0.6, 0.78, 0.9)])
    assert words(*GOOD, unsteady) == [CHANCE]


def test_who_disagrees_with_whom() -> None:
    pairs = [pair(1, 2, 80, 0.85), pair(1, 3, 70, 0.4), pair(2, 3, 60, 0.8)]
    assert words(*GOOD, pairs=pairs) == [
        "ann and cat disagree most: they gave the same label to 40% of the 70 clips that both answered; "
        "for other pairs it is 83%."
    ]
    assert words(*GOOD, pairs=[pair(1, 2, 10, 0.8), pair(1, 3, 10, 0.6)]) == [CHANCE]
    assert words(*GOOD, pairs=[pair(1, 2, 50, 0.8)]) == [
        "ann and ben gave the same label to 80% of the 50 clips that both answered (67%–89%)."
    ]


def test_before_anybody_shares_a_clip_nothing_is_known() -> None:
    lone = AnnotatorQuality(annotator=1, answers=9, reliability=None, low=0.0, high=1.0, clips=0, measured_on="nothing")
    assert words(lone)[0].startswith("How reliable the answers are is not known yet")
    assert reliability_in_words(lone).startswith("not known yet")
    assert team_in_words(None, NAMES, labels=3) == []
