"""What a lead wants to add: a path on the server or uploaded files, and how they are read."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import islice
from pathlib import Path

import streamlit as st
from sqlalchemy.orm import Session

from db.changes.label_set import add_label
from db.errors import EarmarkError, FormatError
from db.imports.corpora.registry import CORPORA
from db.imports.folder import AUDIO_SUFFIXES, read_folder
from db.imports.manifest import SourceRow
from db.records.label_history import name_meanings
from labeler.app.incoming.jobs import jobs_of
from labeler.app.incoming.request import ImportRequest
from labeler.app.opened import Serving
from labeler.app.pages.asked_name import known_name
from labeler.app.pages.plain_text import plain
from labeler.app.pages.setup.adding.cutting import ask_how_to_cut
from labeler.app.pages.setup.adding.manifest_columns import choose_columns
from labeler.app.pages.setup.adding.uploading import uploaded_source
from labeler.app.pages.setup.editing.changing import change_labels
from labeler.words.run import counted

_PATH, _UPLOAD = "Path on the server", "Upload"
_COUNTED = 2000
_MANIFESTS = frozenset((".csv", ".tsv", ".jsonl", ".json", ".txt"))
_MOST_NAMED = 12


def ask_for_audio(now: Serving) -> None:
    """Show what can be added, and the buttons that check and add it."""
    way = st.segmented_control(
        "From", [_PATH, _UPLOAD], default=_PATH, required=True, key="audio-from", label_visibility="collapsed"
    )
    try:
        source = uploaded_source(now) if way == _UPLOAD else _path()
        if source is None:
            return
        request, labels = _folder(source) if source.is_dir() else _file(source)
        # A place of its own, taken or not: else what stands below moves up once the labels are added, and while that run goes on
        # the page shows it twice.
        with st.container():
            _offer_labels(now, labels)
        cut = ask_how_to_cut()
        _buttons(now, replace(request, labels_as=_labels_as(labels), segment=cut.segment, longest=cut.longest))
    except EarmarkError as error:
        st.warning(plain(str(error)))


def _path() -> Path | None:
    text = st.text_input(
        "Folder or manifest",
        key="audio-path",
        placeholder="/data/recordings or /data/recordings/list.csv",
        help="Audio stays where it is; nothing is copied.",
    ).strip()
    if not text:
        return None
    path = Path(text).expanduser() if text.startswith("~") else Path(text)
    if "\0" in text or not path.is_absolute():
        raise FormatError(f"{text!r} is no whole path; begin it with /.")
    if not os.path.exists(path):
        raise FormatError(f"{text} does not exist on the server; check the path.")
    return path


def _folder(source: Path) -> tuple[ImportRequest, list[str]]:
    """How a folder is read, and the labels in it."""
    rows = list(islice(read_folder(source), _COUNTED + 1))
    files = "More than 2,000 audio files" if len(rows) > _COUNTED else counted(len(rows), "audio file")
    st.caption(f"{files} in this folder.")
    left, right = st.columns(2, vertical_alignment="bottom")
    corpus = left.selectbox("Known corpus", list(CORPORA), index=None, placeholder="none", key="audio-corpus")
    from_folders = right.checkbox("Names of folders are labels", key="audio-folders", disabled=corpus is not None)
    if corpus is not None:
        return ImportRequest(source=source, corpus=corpus), list(CORPORA[corpus].labels)
    if not from_folders:
        return ImportRequest(source=source), []
    first = islice(read_folder(source, labels_from_folders=True), _COUNTED)
    found = dict.fromkeys(row.label for row in first if isinstance(row, SourceRow) and row.label)
    return ImportRequest(source=source, labels_from_folders=True), list(found)


def _file(source: Path) -> tuple[ImportRequest, list[str]]:
    suffix = source.suffix.lower()
    if suffix in AUDIO_SUFFIXES:
        raise FormatError(f"{source} is an audio file by its name; give its folder, or a manifest that lists it.")
    if suffix not in _MANIFESTS:
        raise FormatError(f"{source} is no folder and no CSV, TSV or JSONL file; give one of these.")
    choice = choose_columns(source)
    return ImportRequest(source=source, columns=choice.columns, times_in=choice.times_in), choice.labels


def _labels_as(labels: list[str]) -> str | None:
    """Whose answers the labels are; without a name they are left out."""
    if not labels:
        return None
    name = st.text_input(
        "Record the labels as answers of",
        value=known_name() or "",
        key="audio-labels-as",
        max_chars=64,
        placeholder="a name; leave it blank to leave the labels out",
        width=420,
    ).strip()
    return name or None


def _offer_labels(now: Serving, labels: list[str]) -> None:
    """Labels of the source that the project lacks can be added here."""
    with now.project.read() as session:
        known = set(name_meanings(session))
    missing = [label for label in labels if label not in known]
    if not missing:
        return
    named = ", ".join(missing[:_MOST_NAMED]) + (f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else "")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Not among the labels: {plain(named)}")
        if len(missing) <= _MOST_NAMED and st.button("Add these labels", key="audio-add-labels", icon=":material/add:"):

            def add(session: Session, by: str | None) -> None:
                for label in missing:
                    add_label(session, label, by=by)

            if change_labels(now, add):
                st.rerun()


def _buttons(now: Serving, request: ImportRequest) -> None:
    with st.container(horizontal=True):
        adds = st.button("Add", key="audio-add", icon=":material/playlist_add:")
        checks = st.button("Check first", key="audio-check", type="tertiary")
    if adds or checks:
        jobs_of(now.project.directory).start(replace(request, is_trial=checks))
        st.rerun()
