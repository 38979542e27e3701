"""Label by label: examples against a goal, recall, share in the pool, and what a threshold of confidence brings."""

from __future__ import annotations

import streamlit as st

from db.dashboard import DashboardFacts
from db.reports import Calibration, RunReport, ThresholdPoint
from labeler.app.pages.dashboard.explained import chart
from labeler.app.pages.plain_text import plain
from labeler.charts.labels import examples_chart, recall_chart, reliability_chart, share_chart, threshold_chart
from labeler.words.outlook import calibration_in_words
from labeler.words.run import counted

_GOAL = "labels-goal"
_FIRST_GOAL = 50
_RECALL = [
    "Recall is the share of a label's clips that the classifier finds. It is measured on the random slice, by classifiers that "
    "never saw the speaker of the clip.",
    "A label with few clips in the slice has a wide interval; one without clips has an interval and no point.",
]
_THRESHOLD = [
    "Only predictions of at least this confidence are taken: fewer, and more of them right.",
    "Measured on the random slice, of the clips that are predicted as this label.",
]
_USUAL = 0.8
"""The threshold that is shown first."""


def show_labels(facts: DashboardFacts) -> None:
    """All of it, of one run."""
    run = facts.run
    if run is None:
        st.caption("Nothing is known of single labels yet: it is measured as soon as clips of the random slice have labels.")
        return
    report = run.report
    examples, recall, share = st.columns(3, gap="medium")
    with examples:
        _examples(report)
    with recall:
        st.markdown("**Recall**, with its 95% interval")
        if report.per_label:
            chart(recall_chart(report.per_label), lambda: _rows(report.per_label), name="recalls", because=_RECALL)
    with share:
        st.markdown("**Share of the pool**, with its 95% interval")
        if report.shares:
            because = ["Estimated from the random slice, which is a fair sample of all clips."]
            chart(share_chart(report.shares), lambda: _rows(report.shares), name="shares", because=because)
        else:
            st.caption("It is estimated with the next run.")
    _thresholds(facts, report)
    if report.calibration is not None:
        _calibration(report.calibration)


def _calibration(calibration: Calibration) -> None:
    with st.expander("Is the confidence reliable?"):
        st.markdown(plain(calibration_in_words(calibration)))
        rows = [part.model_dump() for part in calibration.bins]
        chart(reliability_chart(calibration), lambda: rows, name="reliability")


def _examples(report: RunReport) -> None:
    words, field = st.columns([1.2, 1], vertical_alignment="center")
    words.markdown("**Examples**, against a goal for each label")
    goal = field.number_input("Goal for each label", 0, 100_000, value=_FIRST_GOAL, key=_GOAL, label_visibility="collapsed")
    if not report.examples:
        st.caption("They are counted with the next run.")
        return
    rows = [{"label": name, "clips": clips, "goal": goal} for name, clips in report.examples.items()]
    chart(examples_chart(report.examples, goal=int(goal) or None), lambda: rows, name="examples")
    missing = {name: goal - clips for name, clips in report.examples.items() if clips < goal}
    if missing:
        st.caption("Still missing: " + ", ".join(f"{plain(name)} {count}" for name, count in missing.items()) + ".")
    elif goal:
        st.caption("Every label has reached the goal.")


def _thresholds(facts: DashboardFacts, report: RunReport) -> None:
    st.markdown("**What a threshold of confidence brings**")
    names = [label.name for label in facts.labels if report.thresholds.get(label.name)]
    if not names:
        st.caption("It is measured with the next run that has enough random clips.")
        return
    left, right = st.columns([1, 1.6], gap="medium")
    with left:
        label = st.selectbox("Label", names, key="threshold-label")
        points = report.thresholds[label or names[0]]
        choices = [point.threshold for point in points]
        start = min(choices, key=lambda threshold: abs(threshold - _USUAL))
        chosen = st.select_slider("Least confidence", choices, value=start, format_func=_two_digits, key="threshold-value")
        point = points[choices.index(chosen)]
        st.markdown(plain(threshold_in_words(label or names[0], point)))
    with right:
        rows = [{"label": label, **each.model_dump()} for each in points]
        chart(threshold_chart(points, chosen=chosen), lambda: rows, name="thresholds", because=_THRESHOLD)


def threshold_in_words(label: str, point: ThresholdPoint) -> str:
    """For example `At 0.80, “sad” is right 94% of the time (81–98%) and keeps 61% of the clips (23).`"""
    at = f"At {point.threshold:.2f}"
    if point.precision is None:
        return f"{at}, no clip that is predicted as “{label}” is left."
    between = f"{100 * point.low:.0f}–{point.high:.0%}"
    return (
        f"{at}, “{label}” is right {point.precision:.0%} of the time ({between}) and keeps {point.kept:.0%} of the clips "
        f"that are predicted as it ({counted(point.clips, 'clip')})."
    )


def _two_digits(value: float) -> str:
    return f"{value:.2f}"


def _rows(by_label: object) -> list[dict[str, object]]:
    assert isinstance(by_label, dict)
    return [{"label": name, **value.model_dump()} for name, value in by_label.items()]
