"""Figures of each strategy, computed from the cells of a simulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from learner.arrays import Float64Array, Int64Array
from learner.evaluation.significance.family import SURE, holm
from learner.simulation.cells import Cell

SHARES = (90, 95, 99)
"""Percentages of the full-pool UA that are to be reached."""
_RESAMPLES = 500
_SEED = 20_216


@dataclass(frozen=True)
class StrategyCurve:
    """One strategy over all seeds."""

    labels: Float64Array
    """Answers at each stage, [stages]."""
    ua: Float64Array
    """[seeds, stages]."""
    found_all: Float64Array
    """Answers until five of each label were found, [seeds]; the last stage where they never were."""
    never: int
    """Seeds in which they never were."""

    @classmethod
    def of(cls, cells: Sequence[Cell]) -> StrategyCurve:
        """Of the cells of one strategy; pools that are used up earlier end the curve for all."""
        length = min(len(cell.labels) for cell in cells)
        labels = np.array(min(cells, key=lambda cell: cell.labels[length - 1]).labels[:length], dtype=np.float64)
        found = [cell.labels[-1] if cell.found_all is None else cell.found_all for cell in cells]
        never = sum(cell.found_all is None for cell in cells)
        return cls(labels, np.array([cell.ua[:length] for cell in cells]), np.array(found, dtype=np.float64), never)

    @property
    def areas(self) -> Float64Array:
        """Area under each seed's curve, as a mean UA, [seeds]."""
        if len(self.labels) < 2:
            return self.ua[:, 0]
        found: Float64Array = np.trapezoid(self.ua, self.labels, axis=1) / (self.labels[-1] - self.labels[0])
        return found

    def labels_to(self, ua: float) -> int:
        """The first number of labels after which the mean over seeds stays at `ua` or above; the last one if it never does."""
        below = np.flatnonzero(self.ua.mean(axis=0) < ua)
        first = 0 if not len(below) else int(below[-1]) + 1
        return int(self.labels[min(first, len(self.labels) - 1)])

    def reaches(self, ua: float) -> bool:
        """Whether its mean over seeds is at `ua` or above in the end."""
        return bool(self.ua.mean(axis=0)[-1] >= ua)


def interval(values: Float64Array, *, least: float = 0.0, most: float = 1.0) -> tuple[Float64Array, Float64Array]:
    """95% t-intervals of means over the first axis; without a second value they have no width.

    Args:
        least, most: the values that are possible. With two seeds an interval is 13 standard errors wide on either side; what lies
            beyond the possible values is cut off, which keeps its coverage.
    """
    mean = values.mean(axis=0)
    if len(values) < 2:
        return mean, mean
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return np.clip(mean - half, least, most), np.clip(mean + half, least, most)


def summary(cells: Mapping[str, Sequence[Cell]], full: Sequence[Cell], *, against: str = "random") -> dict[str, Any]:
    """JSON values: `strategies` by name, and `full_ua` with its interval.

    Of each strategy: `labels`, `ua`, `ua_low`, `ua_high` (lists), `aulc`, `labels_to_90` …, `reached` (percentages that its mean
    reached at all), `labels_to_five_each`, `five_each_never` (seeds), and but for the one it is compared with `wins`, `losses`
    (seeds by area under the curve), `aulc_gain` with its interval, `p` of a paired t-test, Holm-corrected over the strategies,
    `verdict` (better, worse, or level), and `labels_to_95_over` (its labels to 95% over the other's, with its interval).

    Args:
        cells: of each strategy, by seed.
        full: heads trained on all labels, by seed.
        against: the strategy to compare with; where it is missing nothing is compared.
    """
    curves = {name: StrategyCurve.of(found) for name, found in cells.items()}
    full_ua = np.array([cell.ua[-1] for cell in full])
    low, high = interval(full_ua)
    figures = {name: _figures(curve, float(full_ua.mean())) for name, curve in curves.items()}
    _add_estimates(figures, cells)
    if against in curves:
        _compare(figures, curves, against)
        for name in figures.keys() - {against}:
            figures[name]["labels_to_95_over"] = _ratio(curves[name], curves[against], full_ua)
    return {
        "strategies": figures,
        "full_ua": _round(full_ua.mean()),
        "full_ua_low": _round(low),
        "full_ua_high": _round(high),
    }


def _figures(curve: StrategyCurve, full: float) -> dict[str, Any]:
    low, high = interval(curve.ua)
    return {
        "labels": [int(labels) for labels in curve.labels],
        "ua": _rounded(curve.ua.mean(axis=0)),
        "ua_low": _rounded(low),
        "ua_high": _rounded(high),
        "aulc": _round(curve.areas.mean()),
        **{f"labels_to_{share}": curve.labels_to(full * share / 100) for share in SHARES},
        "reached": [share for share in SHARES if curve.reaches(full * share / 100)],
        "labels_to_five_each": _round(curve.found_all.mean()),
        "five_each_never": curve.never,
    }


def _add_estimates(figures: dict[str, dict[str, Any]], cells: Mapping[str, Sequence[Cell]]) -> None:
    """`estimate`: mean over seeds of what the learner would have shown at each stage, None before any seed has one."""
    for name, found in cells.items():
        if all(cell.estimate for cell in found):
            length = len(figures[name]["labels"])
            shown = np.array([[estimate[0] for estimate in cell.estimate[:length]] for cell in found], dtype=np.float64)
            known = [column[~np.isnan(column)] for column in shown.T]
            figures[name]["estimate"] = [_round(column.mean()) if len(column) else None for column in known]


def _compare(figures: dict[str, dict[str, Any]], curves: Mapping[str, StrategyCurve], against: str) -> None:
    base = curves[against]
    others = [name for name in curves if name != against]
    gains = {}
    for name in others:
        length = min(len(base.labels), len(curves[name].labels))
        gains[name] = _cut(curves[name], length).areas - _cut(base, length).areas
    corrected = holm({name: _paired_p(gain) for name, gain in gains.items()})
    for name, gain in gains.items():
        low, high = interval(gain, least=-1.0)
        p = corrected[name]
        sure = p is not None and p < SURE
        figures[name] |= {
            "wins": int((gain > 0).sum()),
            "losses": int((gain < 0).sum()),
            "aulc_gain": _round(gain.mean()),
            "aulc_gain_low": _round(low),
            "aulc_gain_high": _round(high),
            "p": None if p is None else float(f"{p:.3g}"),
            "verdict": "level" if not sure else "better" if gain.mean() > 0 else "worse",
        }


def _ratio(curve: StrategyCurve, base: StrategyCurve, full: Float64Array) -> dict[str, float]:
    """Labels to 95% of the full-pool UA over those of another strategy, and its 95% interval: seeds drawn anew, all three by the
    same ones. Where two curves are flat, a thousandth of UA moves a crossing by dozens of labels; the interval shows it."""
    draws = np.random.default_rng(_SEED).integers(0, len(full), (_RESAMPLES, len(full)))
    ratios = [_crossing(curve, full, seeds) / _crossing(base, full, seeds) for seeds in (np.arange(len(full)), *draws)]
    low, high = np.quantile(ratios[1:], [0.025, 0.975])
    return {"ratio": _round(ratios[0]), "low": _round(low), "high": _round(high)}


def _crossing(curve: StrategyCurve, full: Float64Array, seeds: Int64Array) -> int:
    return StrategyCurve(curve.labels, curve.ua[seeds], curve.found_all, curve.never).labels_to(0.95 * float(full[seeds].mean()))


def _cut(curve: StrategyCurve, length: int) -> StrategyCurve:
    return StrategyCurve(curve.labels[:length], curve.ua[:, :length], curve.found_all, curve.never)


def _paired_p(gain: Float64Array) -> float | None:
    """Of a paired t-test; None with too few seeds, 1 where nothing differs."""
    if len(gain) < 2:
        return None
    if np.ptp(gain) == 0:
        return 1.0 if gain[0] == 0 else None
    return float(stats.ttest_1samp(gain, 0.0).pvalue)


def _round(value: Any) -> float:
    return round(float(value), 6)


def _rounded(values: Float64Array) -> list[float]:
    return [_round(value) for value in values]
