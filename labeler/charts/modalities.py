"""Modalities as a chart: UA against labels, one line for sound, words, both and hand-made features, with their 95% intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from labeler.charts.style import BLUE, GREEN, GREY, ORANGE, WIDTH

_HEIGHT = 360
MODALITY_NAMES = {
    "audio": "sound",
    "text": "words",
    "both": "both, linear head",
    "attention": "both, attention network",
    "handmade": "sound, hand-made features",
}
"""What a person reads for each."""
_COLOURS = {"audio": BLUE, "text": ORANGE, "both": GREEN, "attention": "#9061b5", "handmade": GREY}


def modalities_chart(document: Mapping[str, Any]) -> alt.LayerChart:
    """All curves on one chart, labels on a logarithmic axis as each point has about twice as many as the one before.

    Args:
        document: as `earmark modalities --json` prints it.
    """
    curves = {result["modality"]: result["points"] for result in document["results"]}
    curves["handmade"] = document["handmade"]["points"]
    rows = [{"name": MODALITY_NAMES[name], **point} for name, points in curves.items() for point in points]
    budgets = sorted({row["labels"] for row in rows})
    colour = alt.Color(
        "name:N",
        title=None,
        scale=alt.Scale(domain=[MODALITY_NAMES[name] for name in curves], range=[_COLOURS[name] for name in curves]),
        legend=alt.Legend(orient="bottom", columns=3, labelLimit=220, symbolOpacity=1),
    )
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "labels:Q",
            title="Labels",
            scale=alt.Scale(type="log", nice=False),
            axis=alt.Axis(values=budgets, format="d", grid=False),
        ),
        color=colour,
    )
    on = "held-out speakers" if document["speakers_held_out"] else "held-out clips"
    ua = alt.Y("ua:Q", title=f"UA on {on} (mean recall of the labels)", scale=alt.Scale(zero=False))
    band = base.mark_area(opacity=0.1).encode(y=alt.Y("ua_low:Q"), y2=alt.Y2("ua_high:Q"))
    line = base.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=40)).encode(y=ua, tooltip=_tooltip())
    return alt.LayerChart(layer=[band, line]).properties(width=WIDTH, height=_HEIGHT)


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("name:N", title="Learned from"),
        alt.Tooltip("labels:Q", title="Labels"),
        alt.Tooltip("ua:Q", title="UA", format=".3f"),
        alt.Tooltip("ua_low:Q", title="95% from", format=".3f"),
        alt.Tooltip("ua_high:Q", title="95% to", format=".3f"),
    ]
