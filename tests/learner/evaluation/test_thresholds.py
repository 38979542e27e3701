"""Precision against threshold, and the clips behind the confusion matrix."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from db.reports import ConfusedClip
from learner.dataset.tested_slice import Slice
from learner.evaluation.confused_clips import confused_clips
from learner.evaluation.thresholds import THRESHOLDS, precision_interval, threshold_points

ALONE = np.arange(10)
"""Every clip has a speaker of its own."""


def sure(confidence: float) -> list[float]:
    """Probabilities of two labels, the first of which is predicted."""
    return [confidence, 1 - confidence]


def test_precision_rises_and_fewer_clips_are_kept() -> None:
    probabilities = np.array([sure(c) for c in (0.55, 0.62, 0.62, 0.71, 0.76, 0.82, 0.83, 0.9, 0.96, 0.97)])
    y = np.array([1, 1, 0, 0, 1, 0, 0, 0, 0, 0])
    points = {point.threshold: point for point in threshold_points(probabilities, y, ALONE, ["anger", "joy"])["anger"]}
    assert [(t, points[t].precision, points[t].kept, points[t].clips) for t in (0.0, 0.6, 0.8, 0.95)] == [
        (0.0, 0.7, 1.0, 10),
        (0.6, 0.7778, 0.9, 9),
        (0.8, 1.0, 0.5, 5),
        (0.95, 1.0, 0.2, 2),
    ]
    assert (points[0.98].precision, points[0.98].low, points[0.98].high, points[0.98].kept) == (None, 0.0, 1.0, 0.0)
    assert 0.99 not in points, "nothing is left from here on"
    assert set(points) < set(THRESHOLDS)


def test_labels_that_nothing_is_predicted_as_have_no_points() -> None:
    probabilities = np.array([sure(0.9), [0.0, 0.0]])
    assert list(threshold_points(probabilities, np.array([0, 1]), np.array([0, 1]), ["anger", "joy"])) == ["anger"]


def test_without_differences_between_speakers_the_interval_is_that_of_wilson() -> None:
    hit = np.arange(20) % 5 != 0
    expected = stats.binomtest(16, 20).proportion_ci(method="wilson")
    assert precision_interval(hit, np.arange(20) // 5) == pytest.approx((expected.low, expected.high))
    assert precision_interval(hit, np.zeros(20, dtype=np.int64)) == pytest.approx((expected.low, expected.high)), "one speaker"


def test_where_speakers_differ_the_interval_is_wider() -> None:
    hit = np.array([True] * 15 + [False] * 5)
    low, high = precision_interval(hit, np.arange(20) // 5)
    alone = precision_interval(hit, np.arange(20))
    assert low < alone[0] < 0.75 < alone[1] < high


def test_the_interval_covers_the_true_precision() -> None:
    """600 draws of 8 speakers, whose clips are right with probabilities between 60% and 100%."""
    rng = np.random.default_rng(3)
    held = []
    for _ in range(600):
        of_speaker = rng.beta(8, 2, size=8)
        groups = rng.integers(0, 8, 60)
        low, high = precision_interval(rng.random(60) < of_speaker[groups], groups)
        held.append(low <= 0.8 <= high)
    assert np.mean(held) > 0.9


def test_errors_come_first_and_then_what_is_right_each_most_confident_first() -> None:
    alone, vectors = np.arange(5), np.zeros((5, 2), dtype=np.float32)
    tested = Slice([11, 12, 13, 14, 15], np.array([0, 0, 1, 1, 0]), alone, alone, vectors)
    probabilities = np.array([sure(0.8), sure(0.95), sure(0.6), sure(0.9), [0.0, 0.0]])
    found = confused_clips(tested, probabilities, [7, 8])
    assert [(each.clip, each.label, each.predicted) for each in found] == [(14, 8, 7), (13, 8, 7), (12, 7, 7), (11, 7, 7)]
    assert found[0] == ConfusedClip(clip=14, label=8, predicted=7, confidence=0.9)
    assert confused_clips(tested, probabilities, [7, 8], most=1) == found[:1]
