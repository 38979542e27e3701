"""Models compared on many corpora as a chart: the difference in UA of each corpus with its 95% interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from labeler.charts.style import BLUE, GREEN, GREY, ORANGE, WIDTH

_STEP = 22
_COLOURS = (BLUE, ORANGE, GREEN, GREY)


def run_comparison_chart(document: Mapping[str, Any]) -> alt.LayerChart:
    """A dot for each corpus and model, filled where the corrected difference is significant.

    Args:
        document: as `earmark corpora compare --json` prints it.
    """
    models = [f"{number}. {found['mode']} ({found['backbone']})" for number, found in enumerate(document["comparisons"], 2)]
    rows = [
        {"model": model, "corpus": corpus["corpus"], "shows": corpus["ua"]["verdict"], **_bounds(corpus["ua"])}
        for model, found in zip(models, document["comparisons"], strict=True)
        for corpus in found["corpora"]
    ]
    corpora = list(dict.fromkeys(row["corpus"] for row in rows))
    colours = [_COLOURS[number % len(_COLOURS)] for number in range(len(models))]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("corpus:N", title=None, sort=corpora, axis=alt.Axis(labelLimit=200)),
        yOffset=alt.YOffset("model:N", sort=models),
        color=alt.Color(
            "model:N", title="Model", scale=alt.Scale(domain=models, range=colours), legend=alt.Legend(orient="bottom", columns=1)
        ),
    )
    first = document["first"]
    title = f"Difference in UA from {first['mode']} ({first['backbone']}), with its 95% interval"
    line = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=title), x2=alt.X2("high:Q"))
    significant = alt.datum.shows != "no difference"
    dots = base.mark_point(size=70, opacity=1).encode(
        x=alt.X("difference:Q"),
        fillOpacity=alt.condition(significant, alt.value(1), alt.value(0)),
        fill=alt.Fill("model:N", scale=alt.Scale(domain=models, range=colours), legend=None),
        tooltip=_tooltip(),
    )
    zero = alt.Chart(alt.InlineData(values=[{"zero": 0}])).mark_rule(color=GREY, strokeDash=[5, 5]).encode(x=alt.X("zero:Q"))
    layers: list[Any] = [zero, line, dots]
    return alt.LayerChart(layer=layers).properties(width=WIDTH, height=_STEP * max(len(rows), 4))


def _bounds(difference: Mapping[str, Any]) -> dict[str, float | None]:
    """Without an interval over speakers there is a dot alone."""
    known = difference["why_not"] is None
    return {
        "difference": difference["difference"],
        "low": difference["low"] if known else None,
        "high": difference["high"] if known else None,
    }


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("corpus:N", title="Corpus"),
        alt.Tooltip("model:N", title="Model"),
        alt.Tooltip("difference:Q", title="Difference in UA", format="+.3f"),
        alt.Tooltip("low:Q", title="95% from", format="+.3f"),
        alt.Tooltip("high:Q", title="95% to", format="+.3f"),
        alt.Tooltip("shows:N", title="After correction"),
    ]
