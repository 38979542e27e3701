"""One token for an annotator's whole visit, and the name of the tab. A new one at every rerun would send a needless message."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from labeler.app.opened import Serving
from labeler.app.sign_in.tokens import Newcomer


def session_token(now: Serving, who: int | Newcomer) -> str:
    """The token that names the annotator (by id) or newcomer to the routes."""
    held: dict[int | Newcomer, str] = st.session_state.setdefault("session-tokens", {})
    return held.setdefault(who, now.tokens.for_session(who))


def tab_name() -> str:
    """The name of Streamlit's session, which lasts as long as the tab shows this app; see `labeler.app.api.tabs`."""
    context = get_script_run_ctx()
    return "" if context is None else context.session_id
