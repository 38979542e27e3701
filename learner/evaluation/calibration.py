"""Whether a classifier's confidence can be trusted: calibration error, reliability, and the temperature that corrects it.

Measured on the random slice with the probabilities of heads that were not trained on the fold of the clip. The probabilities of a
fold are corrected with a temperature (Guo, Pleiss, Sun, Weinberger 2017, *On calibration of modern neural networks*) that comes
from the other folds, so that the reported figures are not too optimistic.
"""

from __future__ import annotations

import numpy as np
from scipy import optimize, stats

from db.reports import Calibration, CalibrationBin
from learner.arrays import BoolArray, Float64Array, Int64Array
from learner.dataset.folds import held_out_in_turn

LEAST_CLIPS = 30
"""With fewer clips no calibration is reported."""
CLIPS_A_BIN, MOST_BINS = 15, 10
_LEAST_PROBABILITY = 1e-6
_COLDEST, _HOTTEST = 0.1, 10.0


def temperature_of(probabilities: Float64Array, y: Int64Array) -> float:
    """The temperature under which these probabilities [n, labels] make the labels [n] most likely."""
    logs = np.log(np.maximum(probabilities, _LEAST_PROBABILITY))

    def loss(log_temperature: float) -> float:
        scaled = logs / np.exp(log_temperature)
        return float((np.logaddexp.reduce(scaled, axis=1) - scaled[np.arange(len(y)), y]).mean())

    found = optimize.minimize_scalar(loss, bounds=(np.log(_COLDEST), np.log(_HOTTEST)), method="bounded")
    return float(np.exp(found.x))


def tempered(probabilities: Float64Array, temperature: float) -> Float64Array:
    """Probabilities [n, labels] at another temperature: above 1 they are less sure, below 1 more sure."""
    logs = np.log(np.maximum(probabilities, _LEAST_PROBABILITY)) / temperature
    found: Float64Array = np.exp(logs - np.logaddexp.reduce(logs, axis=1)[:, None])
    return found


def calibration_error(probabilities: Float64Array, y: Int64Array) -> float:
    """Expected calibration error: mean distance of confidence from the share of correct predictions, over bins of equal size."""
    confidence, hit = probabilities.max(axis=1), probabilities.argmax(axis=1) == y
    return float(sum(len(rows) * abs(confidence[rows].mean() - hit[rows].mean()) for rows in _bins(confidence)) / len(y))


def calibration_report(probabilities: Float64Array, y: Int64Array, folds: Int64Array) -> Calibration | None:
    """The calibration; None with fewer than `LEAST_CLIPS` clips that a head could predict.

    Args:
        probabilities: from `learner.evaluation.cross_fitting.cross_fitted_probabilities`, [clips, labels].
        y: position of the true label of each clip.
        folds: of each clip.
    """
    predicted = probabilities.sum(axis=1) > 0
    probabilities, y, folds = probabilities[predicted], y[predicted], folds[predicted]
    if len(y) < LEAST_CLIPS or len(np.unique(folds)) < 2:
        return None
    corrected = np.empty_like(probabilities)
    for _, held_out in held_out_in_turn(folds):
        temperature = temperature_of(probabilities[~held_out], y[~held_out])
        corrected[held_out] = tempered(probabilities[held_out], temperature)
    confidence, hit = corrected.max(axis=1), corrected.argmax(axis=1) == y
    return Calibration(
        clips=len(y),
        ece_raw=round(calibration_error(probabilities, y), 4),
        ece=round(calibration_error(corrected, y), 4),
        temperature=round(temperature_of(probabilities, y), 4),
        bins=[_bin(confidence[rows], hit[rows]) for rows in _bins(confidence)],
    )


def _bins(confidence: Float64Array) -> list[Int64Array]:
    count = int(np.clip(len(confidence) // CLIPS_A_BIN, 1, MOST_BINS))
    return np.array_split(np.argsort(confidence, kind="stable"), count)


def _bin(confidence: Float64Array, hit: BoolArray) -> CalibrationBin:
    sure = stats.binomtest(int(hit.sum()), len(hit)).proportion_ci(method="wilson")
    return CalibrationBin(
        confidence=round(float(confidence.mean()), 4),
        accuracy=round(float(hit.mean()), 4),
        low=round(float(sure.low), 4),
        high=round(float(sure.high), 4),
        clips=len(hit),
    )
