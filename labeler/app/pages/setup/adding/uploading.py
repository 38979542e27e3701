"""Audio files and manifests that come from the visitor's own machine."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from db.imports.folder import AUDIO_SUFFIXES
from labeler.app.opened import Serving
from labeler.app.pages.asked_name import annotator_id_of, known_name
from labeler.app.pages.session_token import session_token
from labeler.player.upload.component import UploadSeat, upload
from labeler.words.run import counted

FOLDER = "uploads"
"""Of a project: where the route of uploads puts files."""
MANIFEST_SUFFIXES = (".csv", ".tsv", ".jsonl")
_ALL = ""


def uploaded_source(now: Serving) -> Path | None:
    """Show where files are dropped, and what of the uploaded files is to be added; None while there is nothing."""
    name = known_name()
    assert name is not None, "the page asks for it first"
    suffixes = [*sorted(AUDIO_SUFFIXES), *MANIFEST_SUFFIXES]
    upload(UploadSeat(session=session_token(now, annotator_id_of(now, name)), suffixes=suffixes))
    folder = now.project.directory / FOLDER
    found = sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    found = [each for each in found if not each.startswith(".")]
    if not found:
        return None
    st.caption(f"{counted(len(found), 'file')} uploaded so far. They stay with the project.")
    manifests = [each for each in found if each.lower().endswith(MANIFEST_SUFFIXES)]
    if not manifests:
        return folder
    words = {_ALL: "all uploaded audio files", **{each: each for each in manifests}}
    chosen = st.selectbox("Add", list(words), format_func=words.__getitem__, key="audio-uploaded")
    return folder / chosen if chosen else folder
