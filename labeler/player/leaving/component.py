"""What the browser has drawn, as Streamlit sees it."""

from __future__ import annotations

import streamlit as st

from labeler.player.scripts import script

_COMPONENT = st.components.v2.component("earmark_leaving", html="<span hidden></span>", js=script("leaving/leaving.js"))


def is_drawn(*, key: str) -> bool:
    """Whether this run follows a browser's report that it has drawn the page with this component on it."""
    return bool(_COMPONENT(key=key, on_drawn_change=lambda: None).drawn)
