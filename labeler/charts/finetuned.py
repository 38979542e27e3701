"""A fine-tuned network beside the usual classifier, as two points with their 95% intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from db.finetuned.document import Accuracy, Finetuned
from labeler.charts.style import BLUE, GREY, WIDTH

USUAL = "usual classifier"
_STEP = 34
"""Pixels of each row."""


def finetuned_rows(found: Finetuned) -> Sequence[Mapping[str, Any]]:
    """What is drawn: UA from 0 to 1, and its interval."""
    return [_row(USUAL, found.frozen), _row(found.what, found.tuned)]


def finetuned_chart(found: Finetuned, *, width: int | str = WIDTH) -> alt.LayerChart:
    """The chart.

    Args:
        width: pixels, or "container".
    """
    base = alt.Chart(alt.InlineData(values=list(finetuned_rows(found)))).encode(
        y=alt.Y("classifier:N", title=None, sort=[USUAL, found.what], axis=alt.Axis(labelLimit=160)),
        color=alt.Color("classifier:N", legend=None, scale=alt.Scale(domain=[USUAL, found.what], range=[GREY, BLUE])),
        tooltip=[
            alt.Tooltip("classifier:N", title="Classifier"),
            alt.Tooltip("ua:Q", title="UA", format=".1%"),
            alt.Tooltip("low:Q", title="95% from", format=".1%"),
            alt.Tooltip("high:Q", title="95% to", format=".1%"),
        ],
    )
    ua = alt.X(
        "low:Q", title="UA (mean recall of the labels)", scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(format=".0%")
    )
    interval = base.mark_rule(strokeWidth=3, opacity=0.5).encode(x=ua, x2=alt.X2("high:Q"))
    point = base.mark_point(filled=True, size=120, opacity=1).encode(x=alt.X("ua:Q"))
    return alt.LayerChart(layer=[interval, point]).properties(width=width, height=alt.Step(_STEP))


def _row(name: str, found: Accuracy) -> dict[str, Any]:
    return {"classifier": name, "ua": found.ua, "low": found.ua_low, "high": found.ua_high}
