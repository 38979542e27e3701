"""The start page: a project is made or opened, and the server goes on with it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from db.errors import EarmarkError
from db.project import OpenProject, create_project, open_project
from db.store.files import write_whole
from labeler.app.pages.keeping.restore import asked_restore, restored
from labeler.app.pages.keeping.whole_path import whole_path
from labeler.app.pages.plain_text import plain
from labeler.app.sign_in.ways import arranged
from labeler.player.label_keys import check_label_keys
from labeler.player.waiting.component import reload_when_served
from labeler.processes.one_server import serve_lock
from labeler.processes.recent_projects import recent_projects

ANSWER, PROPOSED = "EARMARK_START_ANSWER", "EARMARK_START_DIRECTORY"
"""Variables that say where the answer goes, and which folder to propose."""
_LONGEST_WAIT = 10.0
"""Seconds until this process ends although no browser asks for the project."""


def show_start() -> None:
    """Show the page."""
    st.title("Earmark", anchor=False)
    if is_chosen():
        _wait()
        return
    st.subheader("New project", anchor=False)
    with st.form("start-new", border=False):
        proposed, help_ = os.environ.get(PROPOSED, ""), "On the machine that runs Earmark. It is made if it is not there."
        folder = st.text_input("Folder", value=proposed, key="start-folder", help=help_)
        labels = st.text_input("Labels", key="start-labels", placeholder="happy, sad, neutral (or add them later)")
        creates = st.form_submit_button("Create project", icon=":material/add:")
    if creates:
        _go_on(lambda: create_project(whole_path(folder), labels=_names(labels)))
    st.subheader("Open a project", anchor=False)
    chosen = _recent()
    with st.form("start-open", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        other = st.text_input("Folder of the project", key="start-path", width=420)
        if st.form_submit_button("Open", icon=":material/folder_open:"):
            chosen = other
    if chosen is not None:
        asked = chosen
        _go_on(lambda: open_project(whole_path(asked)))
    restoring = asked_restore()
    if restoring is not None:
        _go_on(lambda: open_project(restored(*restoring)))


def _recent() -> str | None:
    """The one of the projects opened lately that was pressed."""
    pressed = None
    for number, path in enumerate(recent_projects()):
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(plain(path.name), key=f"start-recent-{number}", icon=":material/folder_open:"):
                pressed = str(path)
            st.caption(plain(str(path)), width="content")
    return pressed


def _names(labels: str) -> list[str] | None:
    names = [name.strip() for name in labels.split(",") if name.strip()]
    return names or None


def _go_on(opened: Callable[[], OpenProject]) -> None:
    """Hand the project to the supervisor, if it can be served; if not, say why."""
    try:
        project = opened()
        try:
            check_label_keys(project)
            with serve_lock(project):
                pass
        finally:
            project.close()
        write_whole(Path(os.environ[ANSWER]), str(project.directory), durable=False)
    except EarmarkError as error:
        st.error(plain(str(error)))
        return
    except RuntimeError as error:
        # pathlib: a home folder that nobody has.
        st.error(plain(f"{error}; begin the path with /."))
        return
    leave_soon()
    st.rerun()


def leave_soon() -> None:
    """End this process, so that the supervisor goes on: as a rule when the browser asks for the project (see `is_chosen`)."""
    leaving = threading.Timer(_LONGEST_WAIT, leave)
    leaving.daemon = True
    leaving.start()


def leave() -> None:
    """End this process in order."""
    os.kill(os.getpid(), signal.SIGTERM)


def is_chosen() -> bool:
    """Whether a project has been chosen. A browser that asks for it then has the last state of the page."""
    return Path(os.environ[ANSWER]).is_file()


def _wait() -> None:
    st.text("The project is being opened…")
    reload_when_served(base=arranged().base_path)
