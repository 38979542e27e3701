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
from db.settings_file import change_settings
from db.store.files import write_whole
from labeler.app.pages.keeping.restore import asked_restore, restored
from labeler.app.pages.keeping.whole_path import whole_path
from labeler.app.pages.plain_text import plain
from labeler.app.sign_in.ways import arranged
from labeler.player.label_keys import check_label_keys
from labeler.player.waiting.component import reload_when_served
from labeler.processes.one_server import serve_lock
from labeler.processes.recent_projects import recent_projects
from labeler.words.better_features import BUNDLED
from labeler.words.encoder_choice import encoder_offers

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
        encoder = _encoder()
        creates = st.form_submit_button("Create project", icon=":material/add:")
    _offer()
    if creates:
        _go_on(lambda: _created(whole_path(folder), labels=_names(labels), encoder=encoder))
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


def _encoder() -> str | None:
    """The encoder that was chosen; None where there is no choice, or the usual one is wanted."""
    installed = [offer for offer in encoder_offers() if offer.install is None]
    if not installed:
        return None
    help_ = " ".join(f"{offer.name}: {offer.gain}" for offer in installed) + " The page Audio changes it later."
    names = [BUNDLED, *(offer.name for offer in installed)]
    chosen = st.segmented_control("Encoder", names, default=BUNDLED, required=True, key="start-encoder", help=help_)
    return None if chosen == BUNDLED else chosen


def _offer() -> None:
    """What could be installed."""
    for offer in (each for each in encoder_offers() if each.install is not None):
        with st.popover(f"A better encoder: {offer.name}", type="tertiary", key=f"start-offer-{offer.name}"):
            st.markdown(plain(f"{offer.gain} {offer.cost}"))
            st.markdown("Install it where Earmark runs, then start Earmark again:")
            st.code(offer.install, language=None)


def _created(folder: Path, *, labels: list[str] | None, encoder: str | None) -> OpenProject:
    project = create_project(folder, labels=labels)
    if encoder is not None:
        try:
            change_settings(project.directory, {"encoder": encoder}, by=None)
        except EarmarkError:
            project.close()
            raise
    return project


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
