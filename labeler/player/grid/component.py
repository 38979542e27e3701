"""The grid as Streamlit sees it: its HTML, its look, and what it needs to know."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from labeler.player.scripts import named_for_scripts, read, script

_COMPONENT = st.components.v2.component(
    "earmark_grid", html=read("grid/grid.html"), css=read("shared/earmark.css") + read("grid/grid.css"), js=script("grid/grid.js")
)


@dataclass(frozen=True, kw_only=True)
class GridSeat:
    """What the grid needs to know of the annotator and of what is looked for."""

    base: str
    """The path that the app is served under: empty, or without a last slash."""
    session: str
    """Token that names the annotator."""
    tab: str
    """Tells this tab from others of the same annotator."""
    project: str
    """The project's UUID; unsaved answers are kept in the browser under it."""
    annotator_id: str
    """Tells people apart in this browser: the same before and after somebody's first answer."""
    annotator: str
    """The annotator's name, shown."""
    asked: dict[str, Any]
    """What is looked for, as the route takes it: `{"likely": label}` or `{"like": clip id}`."""
    words: str
    """The same as words; stored with each answer."""
    likely: bool
    """Whether a label is looked for: a clip's closeness is a probability then."""
    label: str
    """What a confirmed clip gets."""
    colour: str
    """The colour of this label, `#rrggbb`."""
    least_heard: float
    """Share of a clip that must be heard before it is confirmed."""
    preferences: dict[str, Any]
    """How the annotator likes clips to be played; see `labeler.app.api.messages.Preferences`."""


def grid(seat: GridSeat) -> None:
    """Put the grid on the page."""
    _COMPONENT(key="grid", data=named_for_scripts(asdict(seat)))
