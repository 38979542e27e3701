"""The learning curve as a chart: accuracy against examples per class, with its 95% band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import altair as alt

from db.records.runs import LearningCurve
from db.reports import ComparedCurves
from labeler.charts.files import check_chart_file, save_chart
from labeler.charts.style import BLUE, GREEN, GREY, HEIGHT, ORANGE, WIDTH

OURS = "Earmark's order"
OTHERS = {"random": "random order", "logmel": "random order, hand-made features"}
"""The names of the curves in a run's outlook."""
_COLORS = {OURS: BLUE, OTHERS["random"]: ORANGE, OTHERS["logmel"]: GREEN}
_DASHES = {OURS: [1, 0], OTHERS["random"]: [7, 4], OTHERS["logmel"]: [2, 3]}


def curve_chart(
    curve: LearningCurve,
    *,
    labels: int,
    others: ComparedCurves | None = None,
    width: int | str = WIDTH,
    height: int = HEIGHT,
    goal: float | None = None,
) -> alt.LayerChart:
    """Band, line and points of UA (0 to 1), with a line at chance, 1/labels; runs without a score are left out.

    Args:
        curve: points with the number of examples per class and the accuracy on today's random slice.
        labels: how many active labels there are.
        others: the curves to compare with.
        width: pixels, or "container".
        height: pixels.
        goal: an accuracy (0 to 1) to mark, if any.
    """
    scored = [point for point in curve.points if point.ua is not None]
    rows = [
        {
            "examples": point.examples_per_class,
            "smallest": point.smallest_class,
            "decisions": point.decisions,
            "ua": point.ua,
            "low": point.ua if point.ua_low is None else point.ua_low,
            "high": point.ua if point.ua_high is None else point.ua_high,
            "wa": point.wa,
        }
        for point in scored
    ]
    data = alt.InlineData(values=rows)
    compared = _compared(rows, others or ComparedCurves())
    most = max((row["examples"] or 0 for row in [*rows, *compared]), default=0)
    examples = alt.X(
        "examples:Q",
        title="Examples per class",
        scale=alt.Scale(domain=[0, max(most * 1.05, 1)], nice=False),
        axis=alt.Axis(grid=False, tickCount=8),
    )
    share: dict[str, Any] = {
        "title": "UA (mean recall of the labels)",
        "scale": alt.Scale(domain=[0, 1]),
        "axis": alt.Axis(tickCount=5, format=".0%", labelFlush=False),
    }
    accuracy = alt.Y("ua:Q", **share)
    base = alt.Chart(data).encode(x=examples)
    band = base.mark_area(opacity=0.22, color=BLUE, clip=True).encode(y=alt.Y("low:Q", **share), y2=alt.Y2("high:Q"))
    points = base.mark_point(color=BLUE, filled=True, size=70, opacity=1).encode(y=accuracy, tooltip=_tooltip())
    lines = _lines(compared).encode(x=examples, y=accuracy)
    goals = [] if goal is None else [_reference(goal, "goal")]
    layers: list[Any] = [_reference(1 / max(labels, 1), "chance"), *goals, band, _bars(base), lines, points]
    return alt.LayerChart(layer=layers).properties(width=width, height=height)


def _compared(rows: Sequence[Mapping[str, Any]], others: ComparedCurves) -> list[dict[str, Any]]:
    """Points of all curves, ours first, with the name of their curve."""
    found = [{**row, "curve": OURS} for row in rows]
    for name, points in (("random", others.random), ("logmel", others.logmel)):
        found += [
            {
                "examples": point.examples_per_class,
                "smallest": point.smallest_class,
                "ua": point.ua,
                "low": point.ua_low,
                "high": point.ua_high,
                "curve": OTHERS[name],
            }
            for point in points
        ]
    return found


def _lines(compared: Sequence[Mapping[str, Any]]) -> alt.Chart:
    names = list(dict.fromkeys(row["curve"] for row in compared))
    legend = alt.Legend(
        title=None, orient="top", columns=1, symbolStrokeWidth=2.5, symbolSize=300, labelFontSize=12, labelLimit=280
    )
    shown = legend if len(names) > 1 else None
    lines: alt.Chart = (
        alt.Chart(alt.InlineData(values=[dict(row) for row in compared]))
        .mark_line(strokeWidth=2.5)
        .encode(
            color=alt.Color(
                "curve:N", sort=names, legend=shown, scale=alt.Scale(domain=names, range=[_COLORS[name] for name in names])
            ),
            strokeDash=alt.StrokeDash(
                "curve:N", sort=names, legend=shown, scale=alt.Scale(domain=names, range=[_DASHES[name] for name in names])
            ),
            tooltip=[alt.Tooltip("curve:N", title="Curve"), *_tooltip()[:2], *_tooltip()[3:6]],
        )
    )
    return lines


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("examples:Q", title="Examples per class", format=".1f"),
        alt.Tooltip("smallest:Q", title="Smallest class"),
        alt.Tooltip("decisions:Q", title="Decisions"),
        alt.Tooltip("ua:Q", title="UA", format=".1%"),
        alt.Tooltip("low:Q", title="95% from", format=".1%"),
        alt.Tooltip("high:Q", title="95% to", format=".1%"),
        alt.Tooltip("wa:Q", title="WA", format=".1%"),
    ]


def _bars(base: alt.Chart) -> alt.Chart:
    """The interval of each point, since the band of a single point is invisible."""
    bars: alt.Chart = base.mark_rule(color=BLUE, opacity=0.55).encode(y=alt.Y("low:Q"), y2=alt.Y2("high:Q"))
    return bars


def _reference(ua: float, text: str) -> alt.LayerChart:
    data = alt.InlineData(values=[{"reference": ua, "text": text}])
    rule = alt.Chart(data).mark_rule(color=GREY, strokeDash=[5, 5]).encode(y=alt.Y("reference:Q"))
    words = (
        alt.Chart(data)
        .mark_text(color=GREY, align="right", dy=-7, fontSize=12)
        .encode(y=alt.Y("reference:Q"), x=alt.value("width"), text="text:N")
    )
    return alt.LayerChart(layer=[rule, words])


def save_curve(curve: LearningCurve, output: Path, *, labels: int, others: ComparedCurves | None = None) -> None:
    """Draw the curve to a file; see `curve_chart` and `save_chart`."""
    check_chart_file(output)
    save_chart(curve_chart(curve, labels=labels, others=others), output)
