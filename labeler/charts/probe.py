"""A probe as a chart: one line per candidate, best on top, with its 95% interval and the level of chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from labeler.charts.style import BLUE, GREY, WIDTH

ORANGE = "#c4682b"
MOST_ROWS = 60
_ROW_HEIGHT = 17


def candidate_name(result: Mapping[str, Any]) -> str:
    """An encoder with its layers, pooling and normalisation, in words."""
    layers = result["layers"]
    kind = None if layers is None else f"layer {layers}" if layers.isdecimal() else f"layers {layers}"
    parts = [kind, result["pooling"], "per speaker" if result["speaker_norm"] else None]
    return ", ".join([f"{result['encoder']}", *(part for part in parts if part)])


def probe_chart(results: Sequence[Mapping[str, Any]], *, labels: int) -> alt.LayerChart:
    """Points and intervals of UA (0 to 1), with a line at chance, 1/labels; at most the best 60 candidates.

    Args:
        results: as `earmark probe --json` prints them, best first.
        labels: how many labels there are.
    """
    rows = [
        {**result, "name": candidate_name(result), "norm": "per speaker" if result["speaker_norm"] else "as is"}
        for result in results[:MOST_ROWS]
    ]
    names = alt.Y(
        "name:N",
        title=None,
        sort=[row["name"] for row in rows],
        axis=alt.Axis(labelLimit=320, grid=True, gridOpacity=0.4, ticks=False, domain=False),
    )
    ua = alt.X("ua:Q", title="UA (mean recall of the labels)", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(tickCount=5))
    colour = alt.Color(
        "norm:N",
        title="Normalised",
        scale=alt.Scale(domain=["as is", "per speaker"], range=[BLUE, ORANGE]),
        legend=alt.Legend(orient="bottom"),
    )
    base = alt.Chart(alt.InlineData(values=rows)).encode(y=names, color=colour)
    bars = base.mark_rule(strokeWidth=2, opacity=0.5).encode(x=alt.X("ua_low:Q"), x2=alt.X2("ua_high:Q"))
    points = base.mark_point(filled=True, size=60, opacity=1).encode(x=ua, tooltip=_tooltip())
    chance = alt.Chart(alt.InlineData(values=[{"chance": 1 / max(labels, 1)}]))
    rule = chance.mark_rule(color=GREY, strokeDash=[5, 5]).encode(x=alt.X("chance:Q"))
    word = chance.mark_text(color=GREY, align="left", dx=5, dy=-6, fontSize=12, text="chance")
    text = word.encode(x=alt.X("chance:Q"), y=alt.value("height"))
    layers: list[Any] = [rule, text, bars, points]
    return alt.LayerChart(layer=layers).properties(width=WIDTH, height=_ROW_HEIGHT * max(len(rows), 3))


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("name:N", title="Features"),
        alt.Tooltip("ua:Q", title="UA", format=".3f"),
        alt.Tooltip("ua_low:Q", title="95% from", format=".3f"),
        alt.Tooltip("ua_high:Q", title="95% to", format=".3f"),
        alt.Tooltip("dim:Q", title="Values per clip"),
    ]
