"""Calibration: a known temperature is found again, and the report on confidence."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from learner.evaluation.calibration import calibration_error, calibration_report, temperature_of, tempered


def answers(clips: int, *, seed: int = 3) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Probabilities of three labels, and labels thrown by them: perfectly calibrated."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([0.7, 0.7, 0.7], clips)
    return probabilities, np.array([rng.choice(3, p=row) for row in probabilities])


def test_the_temperature_that_spoilt_probabilities_is_found() -> None:
    honest, y = answers(3000)
    too_sure = tempered(honest, 1 / 3)
    assert temperature_of(too_sure, y) == pytest.approx(3, rel=0.1)
    assert temperature_of(honest, y) == pytest.approx(1, rel=0.1)
    assert tempered(tempered(honest, 0.8), 1 / 0.8) == pytest.approx(honest, abs=1e-3)


def test_overconfidence_is_a_calibration_error_and_is_corrected() -> None:
    honest, y = answers(900)
    report = calibration_report(tempered(honest, 1 / 4), y, np.arange(900) % 5)
    assert report is not None
    assert report.ece_raw > 0.1
    assert report.ece < 0.05
    assert report.clips == 900
    assert sum(part.clips for part in report.bins) == 900
    assert all(part.low <= part.accuracy <= part.high for part in report.bins)
    assert sum(part.low <= part.confidence <= part.high for part in report.bins) >= 8


def test_a_fold_is_corrected_by_the_other_folds_alone() -> None:
    honest, y = answers(400)
    folds, spoilt = np.arange(400) % 2, honest.copy()
    spoilt[folds == 1] = tempered(honest[folds == 1], 1 / 5)
    report = calibration_report(spoilt, y, folds)
    assert report is not None
    assert report.ece > calibration_error(spoilt, y), "each half gets the temperature of the other"


def test_few_clips_give_no_calibration() -> None:
    honest, y = answers(29)
    assert calibration_report(honest, y, np.arange(29) % 3) is None
    honest, y = answers(60)
    honest[:31] = 0.0
    assert calibration_report(honest, y, np.arange(60) % 3) is None, "half of them had no head"
