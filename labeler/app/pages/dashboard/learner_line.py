"""What the learner is doing, in a line."""

from __future__ import annotations

import time

import streamlit as st

from db.models import LearnerState
from db.records.learner_state import STALE_SECONDS
from labeler.app.pages.plain_text import plain

_DOING = {
    "starting": "is starting",
    "embedding": "is turning audio into features",
    "encoding words": "is encoding transcripts",
    "training": "is training",
    "evaluating": "is measuring accuracy",
    "waiting": "is waiting for new answers",
    "stopped": "is stopped",
    "crashed": "crashed",
}


def learner_line(state: LearnerState | None) -> None:
    """Show it; a learner that is not well is a warning."""
    if state is None:
        st.info("No learner has run yet; `earmark serve` starts one with the app.", icon=":material/hourglass_empty:")
        return
    age = time.time() - state.heartbeat_at
    doing = f"The learner {_DOING.get(state.state, state.state)}"
    share = f" ({state.done} of {state.total})" if state.total else ""
    detail = f": {plain(state.detail)}" if state.detail else ""
    restarted = ""
    if state.restarts and state.state != "crashed":
        times = "once" if state.restarts == 1 else f"{state.restarts} times"
        restarted = f" It was restarted {times}{_reason(state)}"
    if state.state == "crashed":
        st.warning(f"{doing}{_reason(state)} It restarts by itself; you can go on labelling.", icon=":material/warning:")
    elif state.state == "stopped":
        st.warning(f"{doing}. Answers are kept; start it with `earmark serve` or `earmark learn`.", icon=":material/warning:")
    elif age > STALE_SECONDS:
        st.warning(f"The learner has not reported for {_in_words(age)}; see its log.", icon=":material/warning:")
    else:
        st.caption(f"{doing}{share}{detail}.{restarted}")


def _reason(state: LearnerState) -> str:
    return f" ({plain(state.error)})." if state.error else "."


def _in_words(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"
