"""The player as Streamlit sees it: its HTML, its look, and what it needs to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from labeler.player.scripts import named_for_scripts, read, script

_COMPONENT = st.components.v2.component(
    "earmark_player", html=read("label/player.html"), css=read("shared/earmark.css"), js=script("label/player.js")
)


@dataclass(frozen=True, kw_only=True)
class Seat:
    """What the player needs to know of the annotator and the project."""

    base: str
    """The path that the app is served under: empty, or without a last slash."""
    session: str
    """Token that names the annotator."""
    project: str
    """The project's UUID; unsaved answers are kept in the browser under it."""
    annotator_id: str
    """Tells people apart in this browser: the same before and after somebody's first answer."""
    annotator: str
    """The annotator's name, shown."""
    labels: Sequence[str]
    """The label set in the order of the page."""
    keys: Sequence[str | None]
    """The key of each label."""
    colours: Sequence[str]
    """The colour of each label, `#rrggbb`."""
    transcripts: bool
    """Whether to keep room for transcripts."""
    facts: bool
    """Whether to keep room for columns of the manifest."""
    skip_reasons: Sequence[str]
    """Offered after S."""
    least_heard: float
    """Share of a clip that must be heard before it is answered."""
    tab: str
    """Tells this tab from others of the same annotator."""
    preferences: dict[str, Any]
    """How the annotator likes the player; see `labeler.app.messages.Preferences`."""


def player(seat: Seat) -> None:
    """Put the player on the page."""
    _COMPONENT(key="player", data=named_for_scripts(asdict(seat)))
