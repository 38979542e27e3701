"""The classifier label by label: recall with intervals, confusions between labels, and the reliability of its confidence."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import streamlit as st

from db.reports import Calibration, Confusion, LabelRecall, RunReport
from labeler.app.pages.plain_text import plain
from labeler.charts.style import BLUE, GREY
from labeler.words.outlook import calibration_in_words

ROW_HEIGHT = 30


def show_details(report: RunReport) -> None:
    """Show an expander that is closed at first; show nothing before the slice has clips."""
    if not report.confusion.counts:
        return
    with st.expander("Label by label"):
        st.markdown("**Recall of each label**, with its 95% interval")
        st.altair_chart(_recalls(report.per_label), width="stretch", key="recalls")
        st.markdown("**Confusions**: clips of the random slice by their label and by the label that the classifier predicts")
        st.altair_chart(_confusion(report.confusion), width="stretch", key="confusion")
        if report.calibration is not None:
            st.markdown("**Confidence**: how often the classifier is right at each level of confidence")
            st.caption(plain(calibration_in_words(report.calibration)))
            st.altair_chart(_reliability(report.calibration), width="stretch", key="reliability")


def _recalls(per_label: Mapping[str, LabelRecall]) -> alt.LayerChart:
    rows = [{"label": name, **recall.model_dump()} for name, recall in per_label.items()]
    base = alt.Chart(alt.InlineData(values=rows)).encode(y=_label("label", None))
    share = alt.Scale(domain=[0, 1])
    tooltip = [
        alt.Tooltip("label:N", title="Label"),
        alt.Tooltip("recall:Q", title="Recall", format=".2f"),
        alt.Tooltip("low:Q", title="95% from", format=".2f"),
        alt.Tooltip("high:Q", title="95% to", format=".2f"),
        alt.Tooltip("clips:Q", title="Clips in the slice"),
    ]
    bars = base.mark_rule(color=BLUE, opacity=0.6, strokeWidth=3).encode(
        x=alt.X("low:Q", scale=share, title=None), x2=alt.X2("high:Q"), tooltip=tooltip
    )
    points = base.mark_point(color=BLUE, filled=True, size=90, opacity=1).encode(
        x=alt.X("recall:Q", scale=share), tooltip=tooltip
    )
    return alt.LayerChart(layer=[bars, points]).properties(height=ROW_HEIGHT * len(rows) + 40)


def _confusion(confusion: Confusion) -> alt.LayerChart:
    names = confusion.labels
    rows = [
        {"label": name, "predicted": predicted, "clips": count, "share": count / max(sum(counts), 1)}
        for name, counts in zip(names, confusion.counts, strict=True)
        for predicted, count in zip(names, counts, strict=True)
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=_label("label", "label"),
        x=alt.X("predicted:N", sort=None, title="predicted label", axis=alt.Axis(labelAngle=-40, labelLimit=120, ticks=False)),
        tooltip=[
            alt.Tooltip("label:N", title="Label"),
            alt.Tooltip("predicted:N", title="Predicted"),
            alt.Tooltip("clips:Q", title="Clips"),
        ],
    )
    # Opacity instead of a scale to white, so that it works on dark pages, too.
    cells = base.mark_rect(color=BLUE).encode(
        opacity=alt.Opacity("share:Q", legend=None, scale=alt.Scale(domain=[0, 1], range=[0, 0.85]))
    )
    text = base.transform_filter("datum.clips > 0").mark_text(fontSize=12, color=GREY).encode(text="clips:Q")
    return alt.LayerChart(layer=[cells, text]).properties(height=ROW_HEIGHT * len(names) + 90)


def _reliability(calibration: Calibration) -> alt.LayerChart:
    share = alt.Scale(domain=[0, 1])
    ideal = alt.Chart(alt.InlineData(values=[{"x": 0, "y": 0}, {"x": 1, "y": 1}]))
    line = ideal.mark_line(color=GREY, strokeDash=[5, 5]).encode(x=alt.X("x:Q", scale=share), y=alt.Y("y:Q", scale=share))
    base = alt.Chart(alt.InlineData(values=[part.model_dump() for part in calibration.bins])).encode(
        x=alt.X("confidence:Q", scale=share, title="confidence"),
        tooltip=[
            alt.Tooltip("confidence:Q", title="Confidence", format=".2f"),
            alt.Tooltip("accuracy:Q", title="Correct", format=".2f"),
            alt.Tooltip("clips:Q", title="Clips"),
        ],
    )
    bars = base.mark_rule(color=BLUE, opacity=0.6, strokeWidth=2).encode(y=alt.Y("low:Q", scale=share), y2=alt.Y2("high:Q"))
    points = base.mark_point(color=BLUE, filled=True, size=80, opacity=1).encode(
        y=alt.Y("accuracy:Q", scale=share, title="share correct")
    )
    return alt.LayerChart(layer=[line, bars, points]).properties(height=260)


def _label(field: str, title: str | None) -> alt.Y:
    axis = alt.Axis(labelLimit=160, labelFontSize=13, ticks=False, domain=False)
    return alt.Y(f"{field}:N", sort=None, title=title, axis=axis)
