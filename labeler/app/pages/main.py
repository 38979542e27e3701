"""The Streamlit script: navigation between the pages. Streamlit runs it again for each visitor and each rerun."""

from __future__ import annotations

import streamlit as st

from labeler.app.pages.export import show_export
from labeler.app.pages.failing import in_one_sentence
from labeler.app.pages.grid import URL_PATH, show_grid
from labeler.app.pages.label import show_label
from labeler.app.pages.lead.activity import show_activity
from labeler.app.pages.progress import show_progress
from labeler.app.pages.review import show_review
from labeler.app.pages.theme import icon

# Set before the navigation, which would otherwise fetch the page's icon by name from the internet.
st.set_page_config(page_title="Earmark", page_icon=icon())
page = st.navigation(
    [
        st.Page(show_label, title="Label", icon=":material/graphic_eq:", url_path="label", default=True),
        st.Page(show_grid, title="Grid", icon=":material/grid_view:", url_path=URL_PATH),
        st.Page(show_progress, title="Progress", icon=":material/show_chart:", url_path="progress"),
        st.Page(show_review, title="Review", icon=":material/rule:", url_path="review"),
        st.Page(show_activity, title="Activity", icon=":material/history:", url_path="activity"),
        st.Page(show_export, title="Export", icon=":material/download:", url_path="export"),
    ],
    position="top",
)
# Set before the page runs: if the width changed later, the grid would have fetched clips for the wrong width.
st.set_page_config(layout="wide" if page.url_path == URL_PATH else "centered")
with in_one_sentence():
    page.run()
