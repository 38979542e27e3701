"""The page Progress: how good the classifier is, how many labels there are, and what the learner is doing."""

from __future__ import annotations

import time
from typing import Any

import altair as alt
import streamlit as st

from db.models import LearnerState, Run
from db.records.learner_state import STALE_SECONDS, read_state
from db.records.runs import LearningCurve, latest_curve, latest_evaluated_run, latest_outlook
from db.reports import OutlookReport
from db.status import project_status
from labeler.app.opened import serving
from labeler.app.pages.entry.required import require_viewer
from labeler.app.pages.failing import in_one_sentence
from labeler.app.pages.plain_text import plain
from labeler.app.pages.progress_details import show_details
from labeler.charts.curve import curve_chart
from labeler.charts.style import BLUE, GREY
from labeler.words.outlook import advice_in_words, forecast_in_words, more_clips_in_words, saved_in_words
from labeler.words.run import accuracy_in_words, counted, normalisation_in_words, speakers_in_words

_DOING = {
    "starting": "is starting",
    "embedding": "is turning audio into features",
    "training": "is training",
    "evaluating": "is measuring accuracy",
    "waiting": "is waiting for new answers",
    "stopped": "is stopped",
    "crashed": "crashed",
}


def show_progress() -> None:
    """Show the page."""
    st.title("Progress", anchor=False)
    _live()


@st.fragment(run_every=2)
def _live() -> None:
    with in_one_sentence():
        # A fragment runs without its page.
        require_viewer()
        _all_parts()


def _all_parts() -> None:
    with serving().project.read() as session:
        status = project_status(session)
        state = read_state(session)
        run = latest_evaluated_run(session)
        curve = latest_curve(session)
        outlook = latest_outlook(session)
        session.expunge_all()
    _learner(state)
    _accuracy(run, status, outlook)
    _curve(curve, outlook, labels=len(status["per_label"]))
    _outlook(outlook)
    if run is not None:
        show_details(run.report)
    _labels(status)


def _learner(state: LearnerState | None) -> None:
    if state is None:
        st.info("No learner has run yet; `earmark serve` starts one with the app.", icon=":material/hourglass_empty:")
        return
    age = time.time() - state.heartbeat_at
    doing = f"The learner {_DOING.get(state.state, state.state)}"
    share = f" ({state.done} of {state.total})" if state.total else ""
    detail = f": {plain(state.detail)}" if state.detail else ""
    if state.state == "crashed":
        st.warning(f"{doing}{_reason(state)} It restarts by itself; you can go on labelling.", icon=":material/warning:")
    elif state.state == "stopped":
        st.warning(f"{doing}. Answers are kept; start it with `earmark serve` or `earmark learn`.", icon=":material/warning:")
    elif age > STALE_SECONDS:
        st.warning(f"The learner has not reported for {_in_words(age)}; see its log.", icon=":material/warning:")
    else:
        st.caption(f"{doing}{share}{detail}.")
        if state.total:
            st.progress(min(state.done / state.total, 1.0))
    if state.restarts and state.state != "crashed":
        times = "once" if state.restarts == 1 else f"{state.restarts} times"
        st.caption(f"It was restarted {times}{_reason(state)}")


def _reason(state: LearnerState) -> str:
    return f" ({plain(state.error)})." if state.error else "."


def _in_words(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"


def _accuracy(run: Run | None, status: dict[str, Any], outlook: OutlookReport | None) -> None:
    if run is None or run.ua is None:
        st.markdown(
            "**Accuracy is not known yet.** It is measured on the random slice as soon as the first of its clips have labels."
        )
    else:
        st.markdown(f"**{plain(accuracy_in_words(run))}**")
        missing = run.report.missing_labels
        if missing:
            names = ", ".join(plain(name) for name in missing)
            st.caption(f"Labels with no clip in the random slice yet, so the interval is wide: {names}.")
        for sentence in [speakers_in_words(run), more_clips_in_words(outlook), *normalisation_in_words(run)]:
            if sentence:
                st.caption(plain(sentence))
    newest = status["run"]
    if newest is not None:
        measured = "" if run is not None and run.id == newest["id"] else " Its accuracy is being measured."
        st.caption(
            f"Run {newest['id']} was trained on {counted(newest['decisions'], 'answer')} in {newest['seconds']:.1f} s.{measured}"
        )


def _curve(curve: LearningCurve, outlook: OutlookReport | None, *, labels: int) -> None:
    if any(point.ua is not None for point in curve.points):
        others = None if outlook is None else outlook.curves
        chart = curve_chart(curve, labels=labels, others=others, width="container", height=320)
        st.altair_chart(chart, width="stretch", key="curve")


def _outlook(outlook: OutlookReport | None) -> None:
    """Whether to stop, how many more decisions it takes, and how many labels Earmark's order saves."""
    advice = advice_in_words(outlook)
    if outlook is None or outlook.stop is None:
        return
    st.markdown(f"**{plain(advice)}**" if outlook.stop.stop else plain(advice))
    for sentence in [*forecast_in_words(outlook), *saved_in_words(outlook)]:
        st.caption(plain(sentence))


def _labels(status: dict[str, Any]) -> None:
    st.subheader("Labels", anchor=False)
    answers, people = (
        counted(status["decisions"], "answer"),
        counted(sum(count > 0 for count in status["per_annotator"].values()), "annotator"),
    )
    st.text(f"{status['labeled']} of {counted(status['clips'], 'clip')} labelled; {answers} by {people}.")
    st.altair_chart(_label_bars(status["per_label"]), width="stretch", key="labels")


def _label_bars(per_label: dict[str, int]) -> alt.LayerChart:
    data = alt.InlineData(values=[{"label": name, "clips": count} for name, count in per_label.items()])
    most = max([*per_label.values(), 4])
    base = alt.Chart(data).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=220, labelFontSize=13, ticks=False, domain=False)),
        x=alt.X("clips:Q", title=None, axis=None, scale=alt.Scale(domain=[0, most * 1.08])),
    )
    bars = base.mark_bar(color=BLUE, cornerRadiusEnd=4, height=18)
    text = base.mark_text(align="left", dx=6, fontSize=13, color=GREY).encode(text="clips:Q")
    return alt.LayerChart(layer=[bars, text]).properties(height=32 * len(per_label) + 16)
