"""Audio files and manifests that come from the visitor's own machine."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from db.imports.folder import AUDIO_SUFFIXES
from labeler.app.opened import Serving
from labeler.app.pages.asked_name import annotator_at_page, known_name, visitor_called
from labeler.app.pages.moments import moment
from labeler.app.pages.session_token import session_token
from labeler.app.sign_in.ways import arranged
from labeler.player.upload.component import UploadSeat, upload
from labeler.words.run import counted

MANIFEST_SUFFIXES = (".csv", ".tsv", ".jsonl")
_ALL = ""
_MOST_BATCHES = 50


def uploaded_source(now: Serving) -> Path | None:
    """Show where files are dropped, and what of the uploaded files is to be added; None while there is nothing."""
    name = known_name()
    assert name is not None, "the page asks for it first"
    row = annotator_at_page(now, name)
    who = visitor_called(name) if row is None else row.id
    suffixes = [*sorted(AUDIO_SUFFIXES), *MANIFEST_SUFFIXES]
    upload(UploadSeat(base=arranged().base_path, session=session_token(now, who), suffixes=suffixes))
    batches = _batches(now.project.uploads_dir)
    if not batches:
        return None
    words = {folder.name: _words(folder) for folder in batches}
    chosen = st.selectbox("Uploaded", list(words), format_func=words.__getitem__, key=f"audio-batch-{batches[0].name}")
    folder = next(each for each in batches if each.name == chosen)
    manifests = [each for each in _files(folder) if each.lower().endswith(MANIFEST_SUFFIXES)]
    if not manifests:
        return folder
    # A manifest names the files beside it, and has more to say about them than their names.
    options = [*manifests, _ALL]
    file = st.selectbox("Add", options, format_func=lambda each: each or "all audio files", key=f"audio-uploaded-{chosen}")
    return folder / file if file else folder


def _batches(folder: Path) -> list[Path]:
    """The folders of uploads that hold files, the newest first."""
    try:
        found = [each for each in folder.iterdir() if each.is_dir() and not each.name.startswith(".") and _files(each)]
    except FileNotFoundError:
        return []
    return sorted(found, key=lambda each: each.stat().st_mtime, reverse=True)[:_MOST_BATCHES]


def _files(folder: Path) -> list[str]:
    return sorted(each.name for each in os.scandir(folder) if not each.name.startswith(".") and each.is_file())


def _words(folder: Path) -> str:
    when = moment(folder.stat().st_mtime)
    return f"{counted(len(_files(folder)), 'file')}, {when}"
