"""The Streamlit script of the start page, which is all that there is without a project."""

from __future__ import annotations

import streamlit as st

from labeler.app.pages.failing import in_one_sentence
from labeler.app.pages.setup.start import show_start
from labeler.app.pages.theme import icon

st.set_page_config(page_title="Earmark", page_icon=icon())
page = st.navigation([st.Page(show_start, title="Start", url_path="start", default=True)], position="hidden")
with in_one_sentence():
    page.run()
