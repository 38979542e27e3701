"""A difference between two classifiers on the same clips: its interval, and when it shows."""

from __future__ import annotations

import numpy as np
import pytest

from learner.evaluation.intervals import SpeakerResamples
from learner.evaluation.paired import paired_difference, resampled_difference

Y, SPEAKERS = np.arange(120) % 3, np.repeat(np.arange(12), 10)


def test_the_same_predictions_differ_by_nothing_and_better_ones_show() -> None:
    resamples = SpeakerResamples(SPEAKERS)
    often, seldom = np.arange(120) % 10 > 0, np.arange(120) % 2 > 0
    same = paired_difference(Y, [often], [often], resamples, labels=3)
    assert same.value == 0
    assert same.low < 0 < same.high
    found = paired_difference(Y, [often], [seldom], resamples, labels=3)
    assert found.value == pytest.approx(0.4)
    assert 0.25 < found.low < 0.4 < found.high < 0.55
    # Of two runs, one like the other side: half of the difference.
    assert paired_difference(Y, [often, seldom], [seldom], resamples, labels=3).value == pytest.approx(0.2)


def test_a_few_clips_in_favour_of_one_are_no_proof() -> None:
    one, other = np.ones(40, dtype=np.bool_), np.arange(40) >= 3
    found = paired_difference(np.arange(40) % 2, [one], [other], SpeakerResamples(np.arange(40)), labels=2)
    assert found.low < 0 < found.value


def test_two_speakers_say_nothing_about_others() -> None:
    hit = np.arange(120) % 10 > 0
    found = resampled_difference(Y, [hit], [~hit], SpeakerResamples(SPEAKERS // 6), labels=3)
    assert (found.low, found.high) == (-1.0, 1.0)


def test_the_interval_holds_no_difference_at_least_as_often_as_it_says() -> None:
    holds = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        base = rng.random(120) < np.clip(0.75 + rng.normal(0, 0.1, 12), 0, 1)[SPEAKERS]
        flipped, side = rng.random(120) < 0.1, rng.random(120) < 0.5
        one, other = np.where(flipped, side, base), np.where(flipped, ~side, base)
        found = paired_difference(Y, [one], [other], SpeakerResamples(SPEAKERS), labels=3)
        holds += found.low <= 0 <= found.high
    assert holds >= 56
