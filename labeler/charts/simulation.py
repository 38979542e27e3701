"""A simulation as a chart: UA against labels, one line per strategy with its 95% interval, and the UA with all labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from labeler.charts.style import GREY, WIDTH

_HEIGHT = 360


def simulation_chart(document: Mapping[str, Any]) -> alt.LayerChart:
    """Mean curves over seeds, and a dashed line at the UA of a head trained on every label.

    Args:
        document: as `earmark simulate --json` prints it.
    """
    rows = [
        {"strategy": name, "labels": labels, "ua": ua, "low": low, "high": high}
        for name, found in document["strategies"].items()
        for labels, ua, low, high in zip(found["labels"], found["ua"], found["ua_low"], found["ua_high"], strict=True)
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("labels:Q", title="Labels"),
        color=alt.Color("strategy:N", title="Strategy", sort=list(document["strategies"]), legend=alt.Legend(orient="bottom")),
    )
    ua = alt.Y("ua:Q", title="UA on held-out speakers (mean recall of the labels)", scale=alt.Scale(zero=False))
    band = base.mark_area(opacity=0.12).encode(y=alt.Y("low:Q"), y2=alt.Y2("high:Q"))
    line = base.mark_line(strokeWidth=2).encode(y=ua, tooltip=_tooltip())
    full = alt.Chart(alt.InlineData(values=[{"full": document["full_ua"]}]))
    rule = full.mark_rule(color=GREY, strokeDash=[5, 5]).encode(y=alt.Y("full:Q"))
    word = full.mark_text(color=GREY, align="left", dx=5, dy=-7, fontSize=12, text="all labels").encode(
        y=alt.Y("full:Q"), x=alt.value(0)
    )
    layers: list[Any] = [band, rule, word, line]
    return alt.LayerChart(layer=layers).properties(width=WIDTH, height=_HEIGHT)


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("strategy:N", title="Strategy"),
        alt.Tooltip("labels:Q", title="Labels"),
        alt.Tooltip("ua:Q", title="UA", format=".3f"),
        alt.Tooltip("low:Q", title="95% from", format=".3f"),
        alt.Tooltip("high:Q", title="95% to", format=".3f"),
    ]
