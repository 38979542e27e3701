"""The part of the start page that makes a backup a project again."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from db.backups.restoring import restore
from labeler.app.pages.keeping.whole_path import whole_path


def asked_restore() -> tuple[Path, Path] | None:
    """Show the form; the backup and the folder that were asked for, when the button was pressed."""
    st.subheader("Restore a backup", anchor=False)
    with st.form("start-restore", border=False):
        backup = st.text_input("Backup file", key="restore-backup", help="A .zip that Earmark made, on the machine that runs it.")
        folder = st.text_input("Folder of the new project", key="restore-folder", help="It is made if it is not there.")
        pressed = st.form_submit_button("Restore", icon=":material/unarchive:")
    return (whole_path(backup), whole_path(folder)) if pressed else None


def restored(backup: Path, folder: Path) -> Path:
    """The project that was made of a backup.

    Raises:
        EarmarkError: as `restore`: all of the backup becomes a project, or nothing.
    """
    with st.spinner("Restoring…"):
        return restore(backup, folder).directory
