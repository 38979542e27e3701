"""How long recordings are cut into clips when they are added."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

_WHOLE, _WINDOWS, _PAUSES = "Not at all", "Every so many seconds", "At pauses"


@dataclass(frozen=True)
class Cut:
    """The fields of `ImportRequest` that have these names."""

    segment: str | None = None
    longest: float | None = None


def ask_how_to_cut() -> Cut:
    """Show the ways, and what the chosen one needs."""
    how = st.segmented_control("Cut recordings", [_WHOLE, _WINDOWS, _PAUSES], default=_WHOLE, required=True, key="audio-cut")
    if how == _WINDOWS:
        seconds = st.number_input("Seconds of a clip", 0.5, 600.0, 5.0, step=0.5, key="audio-window", width=200)
        return Cut(segment=f"windows:{seconds:g}")
    if how == _PAUSES:
        longest = st.number_input("Longest clip, in seconds", 1.0, 600.0, 15.0, step=1.0, key="audio-longest", width=200)
        return Cut(segment="pauses", longest=float(longest))
    return Cut()
