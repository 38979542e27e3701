"""Charts of single labels: examples against a goal, recall, share in the pool, reliability, and precision against threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt

from db.reports import Calibration, LabelRecall, LabelShare, ThresholdPoint
from labeler.charts.style import BLUE, GREEN, GREY, ORANGE

ROW_HEIGHT = 30
_SHARE = alt.Scale(domain=[0, 1])
_PERCENT = alt.Axis(format=".0%", tickCount=5)


def examples_chart(examples: Mapping[str, int], *, goal: int | None) -> alt.LayerChart:
    """A bar for each label's clips, with a line at the goal."""
    rows = [
        {"label": name, "clips": clips, "missing": max(goal - clips, 0) if goal else 0, "goal": goal}
        for name, clips in examples.items()
    ]
    most = max([*examples.values(), goal or 0, 4])
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=label_axis("label"), x=alt.X("clips:Q", title=None, axis=None, scale=alt.Scale(domain=[0, most * 1.12]))
    )
    tooltip = [alt.Tooltip("label:N", title="Label"), alt.Tooltip("clips:Q", title="Clips")]
    bars = base.mark_bar(cornerRadiusEnd=4, height=16).encode(
        color=alt.condition("datum.missing > 0", alt.value(ORANGE), alt.value(BLUE)), tooltip=tooltip
    )
    text = base.mark_text(align="left", dx=5, fontSize=12, color=GREY).encode(text="clips:Q")
    layers: list[alt.Chart] = [bars, text]
    if goal:
        line = alt.Chart(alt.InlineData(values=[{"goal": goal}])).mark_rule(color=GREY, strokeDash=[5, 5])
        layers.append(line.encode(x=alt.X("goal:Q")))
    return alt.LayerChart(layer=layers).properties(height=_height(rows))


def recall_chart(per_label: Mapping[str, LabelRecall]) -> alt.LayerChart:
    """The recall of each label with its 95% interval; a label without clips has only the interval."""
    rows = [{"label": name, "value": recall.recall, **recall.model_dump()} for name, recall in per_label.items()]
    return intervals_chart(rows, value="Recall", clips="Clips in the slice")


def share_chart(shares: Mapping[str, LabelShare]) -> alt.LayerChart:
    """The share of each label in the whole pool with its 95% interval."""
    rows = [{"label": name, "value": share.share, **share.model_dump()} for name, share in shares.items()]
    most = max((share.high for share in shares.values()), default=1.0)
    return intervals_chart(rows, value="Share", clips="Clips in the slice", most=min(1.0, most * 1.1))


def intervals_chart(
    rows: Sequence[Mapping[str, object]], *, value: str, clips: str, most: float = 1.0, chance: float | None = None
) -> alt.LayerChart:
    """A point and an interval for each row: `label`, `value` (or None), `low`, `high`, `clips`.

    Args:
        value: what the value is called.
        clips: what the number of clips is called.
        most: where the axis ends.
        chance: where a dashed line is drawn, if anywhere.
    """
    scale = alt.Scale(domain=[0, most], nice=False)
    base = alt.Chart(alt.InlineData(values=[dict(row) for row in rows])).encode(y=label_axis("label"))
    tooltip = [
        alt.Tooltip("label:N", title="Name"),
        alt.Tooltip("value:Q", title=value, format=".1%"),
        alt.Tooltip("low:Q", title="95% from", format=".1%"),
        alt.Tooltip("high:Q", title="95% to", format=".1%"),
        alt.Tooltip("clips:Q", title=clips),
    ]
    bars = base.mark_rule(color=BLUE, opacity=0.55, strokeWidth=3).encode(
        x=alt.X("low:Q", scale=scale, title=None, axis=_PERCENT), x2=alt.X2("high:Q"), tooltip=tooltip
    )
    points = base.mark_point(color=BLUE, filled=True, size=90, opacity=1).encode(
        x=alt.X("value:Q", scale=scale, axis=_PERCENT), tooltip=tooltip
    )
    layers: list[alt.Chart] = [bars, points]
    if chance is not None:
        line = alt.Chart(alt.InlineData(values=[{"chance": chance}])).mark_rule(color=GREY, strokeDash=[5, 5])
        layers.insert(0, line.encode(x=alt.X("chance:Q", scale=scale)))
    return alt.LayerChart(layer=layers).properties(height=_height(rows) + 24)


def threshold_chart(points: Sequence[ThresholdPoint], *, chosen: float) -> alt.LayerChart:
    """Precision with its 95% interval, and the share of clips that is kept, against the threshold."""
    rows = [point.model_dump() for point in points]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("threshold:Q", title="Least confidence", scale=alt.Scale(nice=False), axis=alt.Axis(grid=False))
    )
    tooltip = [
        alt.Tooltip("threshold:Q", title="Threshold", format=".2f"),
        alt.Tooltip("precision:Q", title="Right", format=".1%"),
        alt.Tooltip("low:Q", title="95% from", format=".1%"),
        alt.Tooltip("high:Q", title="95% to", format=".1%"),
        alt.Tooltip("kept:Q", title="Kept", format=".1%"),
        alt.Tooltip("clips:Q", title="Clips"),
    ]
    names = alt.Scale(domain=["right", "kept"], range=[BLUE, GREEN])
    legend = alt.Legend(title=None, orient="top")
    band = base.transform_filter("isValid(datum.precision)").mark_area(color=BLUE, opacity=0.2)
    layers = [band.encode(y=alt.Y("low:Q", scale=_SHARE, title=None, axis=_PERCENT), y2=alt.Y2("high:Q"))]
    for field, name, dash in (("precision", "right", [1, 0]), ("kept", "kept", [6, 4])):
        line = base.mark_line(strokeWidth=2.5, strokeDash=dash, point=alt.OverlayMarkDef(size=40))
        layers.append(
            line.transform_calculate(what=f"'{name}'").encode(
                y=alt.Y(f"{field}:Q", scale=_SHARE, axis=_PERCENT),
                color=alt.Color("what:N", scale=names, legend=legend),
                tooltip=tooltip,
            )
        )
    rule = alt.Chart(alt.InlineData(values=[{"threshold": chosen}])).mark_rule(color=GREY, strokeDash=[5, 5])
    layers.append(rule.encode(x=alt.X("threshold:Q")))
    return alt.LayerChart(layer=layers).properties(height=260)


def reliability_chart(calibration: Calibration) -> alt.LayerChart:
    """How often the classifier is right at each level of confidence, with a diagonal where both agree."""
    ideal = alt.Chart(alt.InlineData(values=[{"x": 0, "y": 0}, {"x": 1, "y": 1}]))
    line = ideal.mark_line(color=GREY, strokeDash=[5, 5]).encode(x=alt.X("x:Q", scale=_SHARE), y=alt.Y("y:Q", scale=_SHARE))
    base = alt.Chart(alt.InlineData(values=[part.model_dump() for part in calibration.bins])).encode(
        x=alt.X("confidence:Q", scale=_SHARE, title="confidence"),
        tooltip=[
            alt.Tooltip("confidence:Q", title="Confidence", format=".2f"),
            alt.Tooltip("accuracy:Q", title="Correct", format=".2f"),
            alt.Tooltip("clips:Q", title="Clips"),
        ],
    )
    bars = base.mark_rule(color=BLUE, opacity=0.6, strokeWidth=2).encode(y=alt.Y("low:Q", scale=_SHARE), y2=alt.Y2("high:Q"))
    points = base.mark_point(color=BLUE, filled=True, size=80, opacity=1).encode(
        y=alt.Y("accuracy:Q", scale=_SHARE, title="share correct")
    )
    return alt.LayerChart(layer=[line, bars, points]).properties(height=260)


def label_axis(field: str, title: str | None = None) -> alt.Y:
    """The names of labels or people at the left, in the order given."""
    axis = alt.Axis(labelLimit=160, labelFontSize=13, ticks=False, domain=False, labelFlush=False)
    return alt.Y(f"{field}:N", sort=None, title=title, axis=axis)


def _height(rows: Sequence[object]) -> int:
    return ROW_HEIGHT * len(rows) + 16
