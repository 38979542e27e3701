"""The part of the page Export that makes a backup: the whole project in one file, while people answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from db.backups.backing_up import back_up
from db.errors import EarmarkError
from db.store.failures import STORE_ERRORS, failure_of
from labeler.app.opened import Serving
from labeler.app.pages.entry.required import checked_again
from labeler.app.pages.plain_text import plain
from labeler.words.run import counted

FOLDER = "backups"
"""In the project directory. A lead who loses the machine loses these, too: so the page offers the file as a download."""
_MOST_BYTES = 2**29
"""Of a download, which lies in memory."""
_MADE = "backup-made"


def show_backup(now: Serving) -> None:
    """Show what a backup holds, a button that makes one on the server, and the newest one as a download."""
    st.subheader("Backup", anchor=False)
    st.text("The whole project in one file, without audio. Keep it on another machine: only a lead may read it.")
    with_features = st.checkbox("With the features (larger; without them they are made again)", key="backup-features")
    if st.button("Make a backup", icon=":material/archive:", key="backup"):
        _make(now, with_features=with_features)
    made: tuple[str, str] | None = st.session_state.get(_MADE)
    if made is None:
        return
    path, holds = Path(made[0]), made[1]
    st.success(plain(f"{path} holds {holds}."))
    if not path.is_file():
        return
    if path.stat().st_size > _MOST_BYTES:
        st.caption("It is too large for a download from this page; copy it from the server.")
        return
    may_still_lead = checked_again()
    st.download_button(
        "Download the backup",
        data=lambda: _read(path, may_still_lead),
        file_name=path.name,
        mime="application/zip",
        icon=":material/download:",
        on_click="ignore",
        key="backup-download",
    )


def _read(path: Path, may_still_lead: Callable[[], None]) -> bytes:
    """The file, read when the button is pressed: the project's secret is in it."""
    may_still_lead()
    return path.read_bytes()


def _make(now: Serving, *, with_features: bool) -> None:
    folder = now.project.directory / FOLDER
    path = folder / f"{now.project.directory.name}-{time.strftime('%Y-%m-%d-%H%M%S')}.zip"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        with st.spinner("Making the backup…"):
            report = back_up(now.project, path, with_features=with_features)
    except EarmarkError as error:
        st.error(plain(str(error)))
        return
    except STORE_ERRORS as error:
        st.error(plain(failure_of(error, place=folder).sentence))
        return
    holds = f"{counted(report.clips, 'clip')}, {counted(report.decisions, 'answer')} and {counted(report.heads, 'head')}"
    st.session_state[_MADE] = (str(path), holds)
