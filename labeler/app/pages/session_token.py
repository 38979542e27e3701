"""One token for an annotator's whole visit. A new one at every rerun would send a needless message to the component."""

from __future__ import annotations

import streamlit as st

from labeler.app.opened import Serving


def session_token(now: Serving, annotator_id: int) -> str:
    """The token that names the annotator to the routes."""
    held: dict[int, str] = st.session_state.setdefault("session-tokens", {})
    return held.setdefault(annotator_id, now.tokens.for_session(annotator_id))
