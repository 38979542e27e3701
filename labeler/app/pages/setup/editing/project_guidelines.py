"""The guidelines of the whole project, edited on the page Labels."""

from __future__ import annotations

import streamlit as st

from db.errors import EarmarkError, SettingsError
from db.guidelines import GUIDELINES_FILE, MOST_BYTES, read_guidelines, write_guidelines
from labeler.app.opened import Serving
from labeler.app.pages.asked_name import known_name
from labeler.app.pages.plain_text import plain
from labeler.app.pages.setup.editing.guideline_preview import show_preview
from labeler.app.pages.setup.editing.guideline_versions import guidelines_changed

_TEXT, _SEEN = "project-guidelines", "project-guidelines-seen"


def edit_guidelines(now: Serving) -> None:
    """Show the text, its preview, and a button that saves it."""
    st.subheader("Guidelines of the project", anchor=False)
    try:
        stored = read_guidelines(now.project.directory) or ""
    except SettingsError as error:
        st.warning(plain(str(error)))
        return
    seen: str = st.session_state.setdefault(_SEEN, stored)
    if st.session_state.get(_TEXT, seen) == seen:
        # Nothing was typed: what somebody else wrote meanwhile is shown.
        seen = st.session_state[_SEEN] = stored
    text = st.text_area(
        "Guidelines",
        value=seen,
        key=_TEXT,
        max_chars=MOST_BYTES,
        height=240,
        label_visibility="collapsed",
        placeholder="What annotators should know before they begin.",
        help=f"Markdown, kept in {GUIDELINES_FILE} of the project.",
    )
    if text.strip():
        show_preview(now, text)
    if st.button("Save guidelines", key="project-guidelines-save", icon=":material/save:", disabled=text == seen):
        _save(now, seen, text)


def _save(now: Serving, seen: str, text: str) -> None:
    """Write the file, unless somebody has changed it since this page has shown it."""
    directory = now.project.directory
    try:
        if (read_guidelines(directory) or "") != seen:
            raise SettingsError(
                f"{GUIDELINES_FILE} was changed by somebody else meanwhile; copy your text, then reload the page."
            )
        with now.project.write() as session:
            write_guidelines(directory, text)
            guidelines_changed(session, directory, by=known_name())
    except EarmarkError as error:
        st.error(plain(str(error)))
        return
    st.session_state[_SEEN] = text
    st.toast("The guidelines are saved.")
    st.rerun()
