"""The learning curve, and a box that answers how many more labels a goal takes."""

from __future__ import annotations

import streamlit as st

from db.dashboard import DashboardFacts
from labeler.app.pages.dashboard.explained import chart, why
from labeler.app.pages.entry.required import require_viewer
from labeler.app.pages.failing import in_one_sentence
from labeler.app.pages.plain_text import plain
from labeler.charts.curve import curve_chart
from labeler.words.outlook import goal_in_words, saved_in_words

_GOAL = "dashboard-goal"
_FIRST_GOAL = 85
_HEIGHT = 330


@st.fragment
def course(facts: DashboardFacts) -> None:
    """Show both. A goal that is typed changes nothing else on the page."""
    with in_one_sentence():
        require_viewer()
        _course(facts)


def _course(facts: DashboardFacts) -> None:
    run = facts.run
    left, right = st.columns([2.1, 1], gap="medium")
    with right, st.container(border=True):
        goal = st.number_input("How many more labels for this UA, in %?", 1, 100, value=_FIRST_GOAL, step=1, key=_GOAL)
        forecast = None if run is None or run.report.outlook is None else run.report.outlook.forecast
        st.markdown(plain(goal_in_words(forecast, goal / 100)))
        why(
            [
                "The forecast continues the curve: it is fitted to the accuracies measured so far, and its interval comes from "
                "fitting it again to samples of them.",
                "Beyond the clips that are left, nothing can be reached; where too little is measured, no number is given.",
                *([] if run is None else saved_in_words(run.report.outlook)),
            ],
            key="goal",
        )
    with left:
        if not any(point.ua is not None for point in facts.curve.points):
            st.caption("The curve begins with the first accuracy: label clips on the page Label, or import labels.")
            return
        others = None if run is None or run.report.outlook is None else run.report.outlook.curves
        drawn = curve_chart(
            facts.curve, labels=len(facts.labels), others=others, width="container", height=_HEIGHT, goal=goal / 100
        )
        chart(drawn, lambda: [vars(point) for point in facts.curve.points], name="curve")
