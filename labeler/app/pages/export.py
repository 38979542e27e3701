"""The page Export: the standing answers as a file, in a format that the visitor chooses."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import streamlit as st

from db.decisions.log import decision_counts
from db.exports.registry import EXPORTERS, export_decisions
from labeler.app.opened import Serving, serving
from labeler.words.run import counted


def show_export() -> None:
    """Show the page."""
    now = serving()
    with now.project.read() as session:
        standing = decision_counts(session)
    st.title("Export", anchor=False)
    st.text(f"The project holds {counted(standing, 'answer')}. The file gives each with its annotator, time, source and run.")
    chosen = st.radio(
        "Format",
        sorted(EXPORTERS),
        format_func=str.upper,
        captions=[EXPORTERS[name].description for name in sorted(EXPORTERS)],
    )
    exporter = EXPORTERS[chosen]
    for_spreadsheets = exporter.write_for_spreadsheets is not None and _asked_for_spreadsheets()
    day = time.strftime("%Y-%m-%d")
    st.download_button(
        "Download",
        data=lambda: _exported(now, chosen, for_spreadsheets=for_spreadsheets),
        file_name=f"{now.project.directory.name}-{day}{exporter.suffix}",
        mime="application/octet-stream",
        icon=":material/download:",
        on_click="ignore",
        disabled=standing == 0,
        key="download",
    )
    if for_spreadsheets:
        st.caption("In this file such texts have an apostrophe in front. It is not for importing.")


def _asked_for_spreadsheets() -> bool:
    asked = st.checkbox("Safe for spreadsheets", key="for-spreadsheets")
    st.caption(
        "A spreadsheet runs a text that begins with =, +, - or @ as a formula. Such texts may come from file names, transcripts "
        "or annotators' names."
    )
    return asked


def _exported(now: Serving, chosen: str, *, for_spreadsheets: bool) -> bytes:
    """The bytes of the file, written when the button is pressed, so that it holds the newest answers."""
    with tempfile.TemporaryDirectory(dir=now.project.cache_dir) as folder, now.project.read() as session:
        path = Path(folder) / f"export{EXPORTERS[chosen].suffix}"
        export_decisions(session, chosen, path, for_spreadsheets=for_spreadsheets)
        return path.read_bytes()
