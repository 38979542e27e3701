"""The player: one Streamlit component that owns audio, keys, prefetched clips and unsaved answers.

The browser gets one module, joined here from the scripts beside this file: none imports, and only the last, `player.js`, exports.
No Streamlit rerun happens while somebody labels: clips come from, and answers go to, the routes of `labeler.app.api.routes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from labeler.player.scripts import camel, joined, read

_SCRIPTS = (
    "api.js",
    "later.js",
    "outbox.js",
    "media.js",
    "strip.js",
    "queue.js",
    "keys.js",
    "view.js",
    "tray.js",
    "panels.js",
    "pace.js",
    "preferences.js",
    "transport.js",
    "state.js",
    "player.js",
)


def script() -> str:
    """The whole module."""
    return joined(_SCRIPTS)


_COMPONENT = st.components.v2.component("earmark_player", html=read("player.html"), css=read("player.css"), js=script())


@dataclass(frozen=True, kw_only=True)
class Seat:
    """What the player needs to know of the annotator and the project."""

    session: str
    """Token that names the annotator."""
    project: str
    """The project's UUID; unsaved answers are kept in the browser under it."""
    annotator_id: int
    annotator: str
    """The annotator's name, shown."""
    labels: Sequence[str]
    """The label set in the order of the page."""
    keys: Sequence[str | None]
    """The key of each label."""
    transcripts: bool
    """Whether to keep room for transcripts."""
    facts: bool
    """Whether to keep room for columns of the manifest."""
    skip_reasons: Sequence[str]
    """Offered after S."""
    least_heard: float
    """Share of a clip that must be heard before it is answered."""
    preferences: dict[str, Any]
    """How the annotator likes the player; see `labeler.app.api.messages.Preferences`."""


def player(seat: Seat) -> None:
    """Put the player on the page."""
    data = {camel(name): value for name, value in asdict(seat).items()}
    _COMPONENT(key="player", data=data)
