"""The part of the start page that makes a backup a project again."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from db.backups.restoring import restore
from db.errors import ProjectError
from db.settings import SETTINGS_FILE
from labeler.app.pages.keeping.whole_path import whole_path


def asked_restore() -> tuple[str, str] | None:
    """Show the form; what was typed as the backup and as the folder, when the button was pressed."""
    st.subheader("Restore a backup", anchor=False)
    with st.form("start-restore", border=False):
        backup = st.text_input("Backup file", key="restore-backup", help="A .zip that Earmark made, on the machine that runs it.")
        folder = st.text_input("Folder of the new project", key="restore-folder", help="It is made if it is not there.")
        pressed = st.form_submit_button("Restore", icon=":material/unarchive:")
    return (backup, folder) if pressed else None


def restored(backup: str, folder: str) -> Path:
    """The directory of the project that was made of a backup.

    Raises:
        EarmarkError: a path is not whole; as `restore`, all of the backup becomes a project, or nothing; or opening it would
            run code that the backup names.
        RuntimeError: as `whole_path`.
    """
    with st.spinner("Restoring…"):
        report = restore(whole_path(backup), whole_path(folder))
    if report.strategy is not None:
        raise ProjectError(
            f"The project is in {report.directory} now, but its settings name the strategy {report.strategy}, which runs "
            f"code from outside of Earmark; check {SETTINGS_FILE} there, then open the project above."
        )
    return report.directory
