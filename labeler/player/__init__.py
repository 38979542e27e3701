"""The player: one Streamlit component that owns audio, keys, prefetched clips and unsaved answers.

The browser gets one module, joined here from the scripts beside this file: none imports, and only the last, `player.js`, exports.
No Streamlit rerun happens while somebody labels: clips come from, and answers go to, the routes of `labeler.app.routes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent
_SCRIPTS = ("api.js", "outbox.js", "media.js", "queue.js", "keys.js", "view.js", "player.js")


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def script() -> str:
    """The whole module."""
    return "\n".join(_read(name) for name in _SCRIPTS)


_COMPONENT = st.components.v2.component("earmark_player", html=_read("player.html"), css=_read("player.css"), js=script())


def player(*, session: str, project: str, annotator_id: int, annotator: str, labels: Sequence[str], transcripts: bool) -> None:
    """Put the player on the page.

    Args:
        session: token that names the annotator.
        project: the project's UUID; unsaved answers are kept in the browser under it.
        annotator_id: number of the annotator.
        annotator: the annotator's name, shown.
        labels: the label set in the order of its keys.
        transcripts: whether to keep room for transcripts.
    """
    data: dict[str, Any] = {
        "session": session,
        "project": project,
        "annotatorId": annotator_id,
        "annotator": annotator,
        "labels": list(labels),
        "transcripts": transcripts,
    }
    _COMPONENT(key="player", data=data)
