"""How many times less data Earmark's order takes than another way of labelling, measured on the project itself.

Two curves are scored on the same clips. The factor is the labels that the other needed divided by the labels that ours needed, at
the highest accuracy that both reached. The same factor on every resample of the speakers gives the interval; both curves share
the resamples. Nothing is extrapolated beyond the measured range of either curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from db.reports import DataSaved
from learner.arrays import BoolArray, Float64Array, Int64Array
from learner.evaluation.intervals import SpeakerResamples

LEVEL = 0.95
LEAST_CLIPS = 30
"""Clips of the slice below which no factor is reported."""
DRAWS = 400


@dataclass(frozen=True)
class Measured:
    """A curve to compare: labels of each point, ascending, and which clips of the slice it predicts correctly."""

    labels: Sequence[int]
    hits: BoolArray
    """[points, clips]"""


def data_saved(ours: Measured, theirs: Measured, y: Int64Array, resamples: SpeakerResamples, *, labels: int) -> DataSaved:
    """The factor and its interval, or why it is not known.

    Args:
        y: position of the true label of each clip of the slice.
        resamples: of the slice.
        labels: how many active labels there are.
    """
    if len(y) < LEAST_CLIPS:
        return unknown(f"the random slice has {len(y)} of {LEAST_CLIPS} necessary clips")
    if len(ours.labels) < 2 or len(theirs.labels) < 2:
        return unknown("there are too few points to compare")
    curves = [(np.array(curve.labels, dtype=np.float64), _draws(curve, y, resamples, labels)) for curve in (ours, theirs)]
    if any(draws is None for _, draws in curves):
        return unknown("there are too few speakers to estimate an interval")
    (our_labels, our_draws), (their_labels, their_draws) = curves
    assert our_draws is not None
    assert their_draws is not None
    values = [_compared(our_labels, our_draws[:, 0], their_labels, their_draws[:, 0])]
    values += [_compared(our_labels, our_draws[:, row], their_labels, their_draws[:, row]) for row in range(1, DRAWS + 1)]
    ua, used, needed = values[0]
    if not (np.isfinite(used) and np.isfinite(needed)):
        return unknown("the measured accuracies of both curves do not overlap")
    factors = np.array([_factor(used, needed) for _, used, needed in values[1:]])
    low, high = np.quantile(factors, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest")
    if not (np.isfinite(high) and low > 0):
        return unknown("the interval reaches beyond the measured range")
    times = needed / used
    numbers = {"times": times, "low": min(low, times), "high": max(high, times), "ua": ua, "ours": used, "theirs": needed}
    return DataSaved(known=True, why=None, **{name: round(float(value), 4) for name, value in numbers.items()})


def unknown(why: str) -> DataSaved:
    """No factor, for this reason."""
    return DataSaved(known=False, why=why)


def _draws(curve: Measured, y: Int64Array, resamples: SpeakerResamples, labels: int) -> Float64Array | None:
    """UA of each point, [points, 1 + DRAWS]: as measured, then as resampled."""
    found = [resamples.draws(y, hit, labels=labels) for hit in curve.hits]
    if any(draws is None for draws in found):
        return None
    clips = np.bincount(y, minlength=labels)
    present = clips > 0
    measured = [float((np.bincount(y[hit], minlength=labels)[present] / clips[present]).mean()) for hit in curve.hits]
    return np.stack([np.append(value, draws[:DRAWS]) for value, draws in zip(measured, found, strict=True) if draws is not None])


def _compared(
    our_labels: Float64Array, ours: Float64Array, their_labels: Float64Array, theirs: Float64Array
) -> tuple[float, float, float]:
    """The highest UA that both reached, and the labels that each needed for it; nan where its first point reached it already."""
    ours, theirs = _rising(our_labels, ours), _rising(their_labels, theirs)
    ua = min(ours[-1], theirs[-1])
    return float(ua), _labels_at(our_labels, ours, ua), _labels_at(their_labels, theirs, ua)


def _factor(used: float, needed: float) -> float:
    """The factor: inf where ours reached the UA before its first point, 0 where the other did."""
    if not np.isfinite(needed):
        return 0.0
    return needed / used if np.isfinite(used) else np.inf


def _rising(labels: Float64Array, ua: Float64Array) -> Float64Array:
    """The nearest curve that never falls: more labels do harm only by chance."""
    found: Float64Array = optimize.isotonic_regression(ua, weights=labels).x
    return found


def _labels_at(labels: Float64Array, ua: Float64Array, wanted: float) -> float:
    """Labels at which a rising curve reaches an accuracy, interpolated in the logarithm of labels; nan before the first."""
    after = int(np.searchsorted(ua, wanted - 1e-9))
    if after == 0:
        return float("nan")
    share = (wanted - ua[after - 1]) / max(ua[after] - ua[after - 1], 1e-12)
    return float(np.exp(np.log(labels[after - 1]) + share * (np.log(labels[after]) - np.log(labels[after - 1]))))
