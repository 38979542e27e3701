"""The waiting page as Streamlit sees it."""

from __future__ import annotations

import streamlit as st

from labeler.player.scripts import script

_COMPONENT = st.components.v2.component("earmark_waiting", html="<span hidden></span>", js=script("waiting/waiting.js"))


def reload_when_served(*, base: str) -> None:
    """Open the first page of the project as soon as the server of a project answers at this address.

    Args:
        base: the path that the app is served under: empty, or without a last slash.
    """
    _COMPONENT(key="waiting", data={"base": base})
