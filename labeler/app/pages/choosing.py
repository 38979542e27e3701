"""A list to choose from whose entries may change their words while one of them is chosen."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st


def choose(
    place: Any, title: str, words: Mapping[int, str], *, key: str, start: int, on_change: Callable[[], None] | None = None
) -> int:
    """The entry that is chosen; it stays chosen when its words change.

    Streamlit's own list remembers the words of what was chosen, and goes on showing them. So other words get another list.

    Args:
        place: where the list is put: a column, or `streamlit` itself.
        title: above the list.
        words: the entries, each with what is shown for it.
        key: under which the session keeps what was chosen.
        start: the entry that is chosen at first, and when the chosen one is gone.
        on_change: called when somebody chooses.
    """
    held = st.session_state.get(key, start)
    entries = list(words)
    index = entries.index(held if held in words else start)
    version = zlib.crc32(repr(words).encode())
    chosen = place.selectbox(
        title, entries, index=index, format_func=words.__getitem__, key=f"{key}-{version:x}", on_change=on_change
    )
    st.session_state[key] = chosen
    return int(chosen)
