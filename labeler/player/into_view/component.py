"""Scrolling as Streamlit sees it."""

from __future__ import annotations

import streamlit as st

from labeler.player.scripts import script

_COMPONENT = st.components.v2.component("earmark_into_view", html="<span hidden></span>", js=script("into_view/into_view.js"))


def into_view(part: str, *, asked: int, key: str) -> None:
    """Scroll to a part of the page.

    Args:
        part: the Streamlit key of an element or container.
        asked: 0 to stay where the visitor is, otherwise a number that is another one each time.
    """
    _COMPONENT(key=key, data={"part": part, "asked": asked})
