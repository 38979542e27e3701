"""What a page shows of a project that lacks labels or audio: one sentence, and the way to the page that adds them."""

from __future__ import annotations

import streamlit as st
from sqlalchemy import select

from db.models import Clip, ClipState, Role
from db.records.labels import active_labels
from labeler.app.opened import Serving
from labeler.app.pages.entry.required import role_for_navigation
from labeler.app.pages.setup.audio import show_audio
from labeler.app.pages.setup.labels import show_labels


def is_still_empty(now: Serving) -> bool:
    """Whether labels or clips are missing; then the page shows what to do, and nothing else."""
    with now.project.read() as session:
        has_labels = bool(active_labels(session))
        has_clips = session.scalar(select(Clip.id).where(Clip.state == ClipState.READY).limit(1)) is not None
    if has_labels and has_clips:
        return False
    missing = "labels" if has_clips else "audio" if has_labels else "labels and no audio"
    st.text(f"This project has no {missing} yet.")
    if role_for_navigation() != Role.LEAD:
        st.text("A lead of this project adds them.")
        return True
    if not has_labels:
        st.page_link(st.Page(show_labels, url_path="labels"), label="Add labels", icon=":material/sell:")
    if not has_clips:
        st.page_link(st.Page(show_audio, url_path="audio"), label="Add audio", icon=":material/library_music:")
    return True
