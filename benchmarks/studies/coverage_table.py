"""The table of `benchmarks.studies.coverage`: how often what would be shown is true, by corpus, strategy and moment."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.studies.coverage_checks import Check

STRATEGIES = ("default", "random", "margin", "k-means")
RANDOM_SHARES = (0.1, 0.2, 0.4)
SHARES = (0.2, 0.3, 0.5, 0.7)
"""Moments of a project: shares of its clips that have labels."""
_HEAD = (
    "projects",
    "n",
    "checks",
    "UA holds",
    "mean width",
    "bias",
    "it holds new speakers",
    "their own interval holds",
    "mean width",
    "UA ahead holds",
    "forecasts",
    "hold",
    "came true in time",
    "with a number",
    "hold",
    "bounded above",
)


@dataclass(frozen=True)
class Job:
    """One simulated project."""

    corpus: str
    encoder: str
    strategy: str
    random_share: float
    seed: int
    forecasts: bool


@dataclass(frozen=True)
class Result:
    """A simulated project and the checks made on it."""

    job: Job
    checks: list[Check]


def table(results: Sequence[Result]) -> str:
    """One row per cell, then rows by strategy, random share and share labelled, and one for all."""
    lines = [f"| {' | '.join(_HEAD)} |", f"| --- |{' ---: |' * (len(_HEAD) - 1)}"]
    cells = sorted({(result.job.corpus, result.job.encoder) for result in results})
    for corpus, encoder in cells:
        chosen = [result for result in results if (result.job.corpus, result.job.encoder) == (corpus, encoder)]
        lines.append(_row(f"{corpus}, {Path(encoder).name}", chosen))
    lines += [
        _row(f"strategy {strategy}", [result for result in results if result.job.strategy == strategy]) for strategy in STRATEGIES
    ]
    lines += [
        _row(f"random share {share:.0%}", [result for result in results if result.job.random_share == share])
        for share in RANDOM_SHARES
    ]
    for share in SHARES:
        at = [Result(result.job, [check for check in result.checks if abs(check.share - share) < 0.05]) for result in results]
        lines.append(_row(f"{share:.0%} labelled", at))
    return "\n".join([*lines, _row("**all**", results)])


def _row(name: str, results: Sequence[Result]) -> str:
    checks = [check for result in results for check in result.checks]
    unseen = [check.low <= check.unseen <= check.high for check in checks if not math.isnan(check.unseen)]
    new = [check for check in checks if check.new_covered is not None]
    asked = [check for result in results if result.job.forecasts for check in result.checks]
    ahead = [check.ahead.held for check in asked if check.ahead is not None]
    forecasts = [forecast for check in asked for forecast in check.forecasts]
    numbers = [forecast for forecast in forecasts if forecast.decisions is not None]
    asked_for = f"{len(forecasts)} (silent at {sum(check.silent for check in asked)} of {len(asked)})" if asked else ""
    parts = [
        name,
        str(len(results)),
        str(len(checks)),
        _percent([check.covered for check in checks]),
        _mean([check.high - check.low for check in checks]),
        f"{statistics.fmean(check.ua - check.truth for check in checks):+.3f}" if checks else "",
        _percent(unseen),
        _percent([bool(check.new_covered) for check in new]),
        _mean([check.new_high - check.new_low for check in new]),
        _percent(ahead),
        asked_for,
        _percent([forecast.held for forecast in forecasts]),
        _percent([forecast.took <= forecast.most for forecast in forecasts]),
        str(len(numbers)) if asked else "",
        _percent([forecast.held for forecast in numbers]),
        str(sum(forecast.high is not None for forecast in numbers)) if asked else "",
    ]
    return f"| {' | '.join(parts)} |"


def _percent(held: Sequence[bool]) -> str:
    return f"{100 * statistics.fmean(held):.1f}%" if held else ""


def _mean(widths: Sequence[float]) -> str:
    return f"{statistics.fmean(widths):.2f}" if widths else ""
