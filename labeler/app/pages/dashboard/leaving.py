"""Going from the Dashboard to another page: only after its poll has ended.

A poll that is on its way while Streamlit changes the page makes it draw the new page empty. So the page is first drawn once more
without its poll, and left when the browser has it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NoReturn

import streamlit as st

from labeler.player.leaving.component import is_drawn

_GOING, _SINCE = "dashboard-going", "dashboard-going-since"
_LONGEST = 10.0
"""Seconds after which a visitor who has gone elsewhere meanwhile is not taken away any more."""


def leave(go: Callable[[], NoReturn]) -> NoReturn:
    """Go to another page with `go`, as soon as this one polls no more."""
    st.session_state[_GOING], st.session_state[_SINCE] = go, time.monotonic()
    st.rerun()


def is_leaving() -> bool:
    """Whether the page is drawn for the last time."""
    if _GOING in st.session_state and time.monotonic() - st.session_state[_SINCE] > _LONGEST:
        del st.session_state[_GOING]
    return _GOING in st.session_state


def go_on() -> None:
    """Go, if it is time."""
    if is_leaving() and is_drawn(key="dashboard-leaving"):
        st.session_state.pop(_GOING)()
