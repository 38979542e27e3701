"""One token for an annotator's whole visit, and the name of the tab. A new one at every rerun would send a needless message."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from labeler.app.opened import Serving


def session_token(now: Serving, annotator_id: int) -> str:
    """The token that names the annotator to the routes."""
    held: dict[int, str] = st.session_state.setdefault("session-tokens", {})
    return held.setdefault(annotator_id, now.tokens.for_session(annotator_id))


def tab_name() -> str:
    """The name of Streamlit's session, which lasts as long as the tab shows this app; see `labeler.app.api.tabs`."""
    context = get_script_run_ctx()
    return "" if context is None else context.session_id
