"""Data saved: a known factor is found again, and where the factor cannot be known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from learner.evaluation.intervals import SpeakerResamples
from learner.outlook.data_saved import Measured, data_saved

CLIPS, LABELS = 400, 4
Y = np.arange(CLIPS) % LABELS
SPEAKERS = SpeakerResamples(np.arange(CLIPS) // 20)


def curve(sizes: list[int], *, factor: float = 1.0, start: float = 0.3) -> Measured:
    """Accuracy grows by 10 points with every doubling of labels; correctly predicted clips stay so, as with real heads."""
    order = np.random.default_rng(7).permutation(CLIPS)
    ua = [start + 0.1 * np.log2(size * factor / 10) for size in sizes]
    hits = np.zeros((len(sizes), CLIPS), dtype=np.bool_)
    for row, share in enumerate(ua):
        hits[row, order[: round(share * CLIPS)]] = True
    return Measured(sizes, hits)


def test_a_known_factor_is_found_with_an_interval_around_it() -> None:
    report = data_saved(curve([10, 20, 40, 80, 160], factor=2), curve([10, 20, 40, 80, 160]), Y, SPEAKERS, labels=LABELS)
    assert report.known
    assert report.times == pytest.approx(2, rel=0.15)
    assert (report.low or math.inf) <= 2 <= (report.high or 0)
    assert report.theirs == pytest.approx(160, rel=0.1)
    assert report.ours == pytest.approx(80, rel=0.15)
    assert report.ua == pytest.approx(0.7, abs=0.02)


def test_a_worse_order_saves_less_than_nothing() -> None:
    report = data_saved(curve([10, 20, 40, 80, 160]), curve([10, 20, 40, 80, 160], factor=2), Y, SPEAKERS, labels=LABELS)
    assert report.times == pytest.approx(0.5, rel=0.15)


def test_what_lies_outside_the_measured_range_is_not_known() -> None:
    early = data_saved(curve([40, 80], factor=30), curve([10, 20]), Y, SPEAKERS, labels=LABELS)
    assert (early.known, early.times) == (False, None)
    assert "do not overlap" in str(early.why)


def test_an_interval_that_reaches_beyond_the_range_is_not_reported() -> None:
    y, few = np.arange(40) % LABELS, SpeakerResamples(np.arange(40) // 5)
    ours, theirs = (Measured(found.labels, found.hits[:, :40]) for found in (curve([20, 40], factor=1.2), curve([20, 40])))
    report = data_saved(ours, theirs, y, few, labels=LABELS)
    assert not report.known
    assert report.why


@pytest.mark.parametrize(("clips", "groups", "why"), [(29, 29, "has 29 of 30"), (40, 2, "too few speakers")])
def test_little_evidence_says_why(clips: int, groups: int, why: str) -> None:
    ours = Measured([10, 20], curve([10, 20]).hits[:, :clips])
    report = data_saved(ours, ours, Y[:clips], SpeakerResamples(np.arange(clips) % groups), labels=LABELS)
    assert why in str(report.why)
