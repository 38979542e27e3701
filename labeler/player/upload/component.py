"""The drop zone as Streamlit sees it: its HTML, its look, and what it needs to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from labeler.player.scripts import named_for_scripts, read, script

_COMPONENT = st.components.v2.component(
    "earmark_upload",
    html=read("upload/upload.html"),
    css=read("shared/earmark.css") + read("upload/upload.css"),
    js=script("upload/upload.js"),
)


@dataclass(frozen=True, kw_only=True)
class UploadSeat:
    """What the drop zone needs to know."""

    base: str = ""
    """The path that the app is served under: empty, or without a last slash."""
    session: str
    """Token that names the person."""
    suffixes: Sequence[str]
    """Endings of the files that are taken, with their dot, in small letters."""


def upload(seat: UploadSeat) -> None:
    """Put the drop zone on the page, which runs again when files have arrived."""
    _COMPONENT(key="upload", data=named_for_scripts(asdict(seat)), on_arrived_change=lambda: None)
