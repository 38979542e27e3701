"""A difference in UA: its p agrees with its interval."""

from __future__ import annotations

import numpy as np
import pytest

from db.errors import LearnerError
from learner.evaluation.intervals import SpeakerResamples
from learner.evaluation.paired import paired_difference
from learner.evaluation.significance.recall_difference import RESAMPLES, few_speakers, recall_difference

Y, SPEAKERS = np.arange(120) % 3, np.repeat(np.arange(12), 10)


def test_p_is_below_five_percent_exactly_where_the_interval_excludes_no_difference() -> None:
    resamples, shown = SpeakerResamples(SPEAKERS), []
    for seed in range(80):
        rng = np.random.default_rng(seed)
        one, other = rng.random(120) < 0.75, rng.random(120) < 0.6
        found = recall_difference(Y, [one], [other], resamples, labels=3)
        assert (found.p < 0.05) == (found.low > 0 or found.high < 0)
        plain = paired_difference(Y, [one], [other], resamples, labels=3)
        assert (found.value, found.low, found.high) == (plain.value, plain.low, plain.high)
        assert recall_difference(Y, [other], [one], resamples, labels=3).p == pytest.approx(found.p, abs=0.05)
        shown.append(found.p < 0.05)
    assert 20 < sum(shown) < 70


def test_more_resamples_give_a_smaller_least_p() -> None:
    resamples = SpeakerResamples(SPEAKERS, resamples=RESAMPLES)
    found = recall_difference(Y, [np.arange(120) % 20 > 0], [np.arange(120) % 2 > 0], resamples, labels=3)
    assert found.p < 0.001
    assert found.sign == 1


def test_where_nothing_differs_or_speakers_are_too_few_nothing_is_shown() -> None:
    hit = np.arange(120) % 4 > 0
    assert recall_difference(Y, [hit], [hit], SpeakerResamples(SPEAKERS), labels=3).p > 0.9
    two = SpeakerResamples(SPEAKERS // 6)
    found = recall_difference(Y, [hit], [~hit], two, labels=3)
    assert few_speakers(two)
    assert (found.low, found.high, found.p) == (-1, 1, 1)


def test_other_clips_are_refused() -> None:
    hit = np.ones(120, dtype=np.bool_)
    for one, other in (([hit], [hit[:-1]]), ([hit], [])):
        with pytest.raises(LearnerError, match="A difference in UA needs"):
            recall_difference(Y, one, other, SpeakerResamples(SPEAKERS), labels=3)
