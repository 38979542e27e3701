"""Which labels the classifier takes for which others, as a chart whose cells can be chosen."""

from __future__ import annotations

from typing import Any

import altair as alt

from db.reports import Confusion
from labeler.charts.labels import ROW_HEIGHT, label_axis
from labeler.charts.style import BLUE, GREY, ORANGE

CELL = "cell"
"""The name of the selection: a cell by `label` and `predicted`."""


def confusion_rows(confusion: Confusion) -> list[dict[str, Any]]:
    """A row for each cell: its labels, its clips, and their share of the clips with that label."""
    names = confusion.labels
    return [
        {"label": name, "predicted": predicted, "clips": count, "share": count / max(sum(counts), 1)}
        for name, counts in zip(names, confusion.counts, strict=True)
        for predicted, count in zip(names, counts, strict=True)
    ]


def confusion_chart(confusion: Confusion) -> alt.LayerChart:
    """Clips by their label (rows) and by the label that the classifier predicts (columns)."""
    names = confusion.labels
    chosen = alt.selection_point(name=CELL, fields=["label", "predicted"], on="click", toggle=False)
    # Every label has its name: Vega would leave out each second one.
    axis = alt.Axis(labelAngle=-40, labelLimit=120, ticks=False, labelOverlap=False)
    base = alt.Chart(alt.InlineData(values=confusion_rows(confusion))).encode(
        y=label_axis("label", "label"),
        x=alt.X("predicted:N", sort=None, title="predicted label", axis=axis),
        tooltip=[
            alt.Tooltip("label:N", title="Label"),
            alt.Tooltip("predicted:N", title="Predicted"),
            alt.Tooltip("clips:Q", title="Clips"),
            alt.Tooltip("share:Q", title="Of this label", format=".0%"),
        ],
    )
    # Opacity instead of a scale to white, so that it works on dark pages, too.
    cells = (
        base.mark_rect(stroke=GREY, strokeOpacity=0.25, cursor="pointer")
        .encode(
            color=alt.condition("datum.label == datum.predicted", alt.value(BLUE), alt.value(ORANGE)),
            opacity=alt.Opacity("share:Q", legend=None, scale=alt.Scale(domain=[0, 1], range=[0.04, 0.9])),
            strokeWidth=alt.condition(chosen, alt.value(2), alt.value(0.5), empty=False),
        )
        .add_params(chosen)
    )
    text = (
        base.transform_filter("datum.clips > 0")
        .mark_text(fontSize=13)
        .encode(text="clips:Q", color=alt.condition("datum.share >= 0.45", alt.value("#ffffff"), alt.value(GREY)))
    )
    return alt.LayerChart(layer=[cells, text]).properties(height=ROW_HEIGHT * len(names) + 90)
