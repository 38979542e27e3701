"""The page Audio: what audio there is, its features, and adding more."""

from __future__ import annotations

import streamlit as st

from labeler.app.opened import serving
from labeler.app.pages.asked_name import ask_for_name, known_name
from labeler.app.pages.entry.required import require_lead
from labeler.app.pages.setup.adding.better_features import show_better_features
from labeler.app.pages.setup.adding.embedding_progress import show_embedding
from labeler.app.pages.setup.adding.encoder import choose_encoder
from labeler.app.pages.setup.adding.import_progress import show_import
from labeler.app.pages.setup.adding.source import ask_for_audio


def show_audio() -> None:
    """Show the page."""
    require_lead()
    if known_name() is None:
        ask_for_name("Who is adding audio?", "Go on")
        return
    now = serving()
    st.title("Audio", anchor=False)
    show_embedding(now)
    show_better_features(now)
    choose_encoder(now)
    st.subheader("Add audio", anchor=False)
    ask_for_audio(now)
    # Below the button that starts it, where the visitor looks.
    show_import(now)
