"""The Streamlit script: navigation between the pages. Streamlit runs it again for each visitor and each rerun."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from db.models import Role
from labeler.app.pages.asked_name import person_at_page
from labeler.app.pages.clips.page import URL_PATH as CLIPS
from labeler.app.pages.clips.page import show_clips
from labeler.app.pages.dashboard.page import URL_PATH as DASHBOARD
from labeler.app.pages.dashboard.page import open_dashboard, show_dashboard
from labeler.app.pages.entry.required import role_for_navigation
from labeler.app.pages.entry.sign_in import show_sign_in, sign_out_button
from labeler.app.pages.export import show_export
from labeler.app.pages.failing import in_one_sentence
from labeler.app.pages.grid import URL_PATH as GRID
from labeler.app.pages.grid import show_grid
from labeler.app.pages.label import show_label
from labeler.app.pages.lead.activity import show_activity
from labeler.app.pages.lead.people import show_people
from labeler.app.pages.review import show_review
from labeler.app.pages.setup.audio import show_audio
from labeler.app.pages.setup.labels import show_labels
from labeler.app.pages.setup.settings import show_settings
from labeler.app.pages.theme import CHIPS, icon
from labeler.app.sign_in.ways import arranged

# Set before the navigation, which would otherwise fetch the page's icon by name from the internet.
st.set_page_config(page_title="Earmark", page_icon=icon())
must_sign_in = arranged().needed and person_at_page() is None
role = Role.ANNOTATOR if must_sign_in else role_for_navigation()
answers, views, leads = role in (Role.ANNOTATOR, Role.LEAD), role in (Role.VIEWER, Role.LEAD), role == Role.LEAD
# The first that the visitor may see is the start page. A hidden one can still be opened by its address, and checks by itself.
WORK = [
    (answers, show_label, "Label", ":material/graphic_eq:", "label"),
    (answers, show_grid, "Grid", ":material/grid_view:", GRID),
    (views, show_dashboard, "Dashboard", ":material/show_chart:", DASHBOARD),
    (leads, show_clips, "Clips", ":material/table_rows:", CLIPS),
    (leads, show_review, "Review", ":material/rule:", "review"),
    (leads, show_export, "Export", ":material/download:", "export"),
    # Where the Dashboard was until it was called so.
    (False, open_dashboard, "Progress", ":material/show_chart:", "progress"),
]
PROJECT = [
    (leads, show_audio, "Audio", ":material/library_music:", "audio"),
    (leads, show_labels, "Labels", ":material/sell:", "labels"),
    (leads, show_activity, "Activity", ":material/history:", "activity"),
    (leads, show_people, "People", ":material/group:", "people"),
    (leads, show_settings, "Settings", ":material/settings:", "settings"),
]
start = next(path for may, *_, path in WORK if may)
sections = {
    title: [
        st.Page(
            show,
            title=title,
            icon=sign,
            # Streamlit serves the start page at "/" alone, and knows pages by these names.
            url_path="start" if path == start else path,
            default=path == start,
            visibility="visible" if may else "hidden",
        )
        for may, show, title, sign, path in pages
    ]
    for title, pages in (("", WORK), ("Project", PROJECT))
}
at_start = next(page for pages in sections.values() for page in pages if page.url_path == "")


def open_start() -> NoReturn:
    """Go to the start page from its own address."""
    st.switch_page(at_start, query_params=dict(st.query_params))


sections[""].append(st.Page(open_start, title="Start", url_path=start, visibility="hidden"))
page = st.navigation(sections, position="hidden" if must_sign_in else "top")
# Set before the page runs: if the width changed later, the grid would have fetched clips for the wrong width.
st.set_page_config(layout="wide" if page.url_path in (GRID, DASHBOARD, CLIPS) else "centered")
st.html(CHIPS)
with in_one_sentence():
    if must_sign_in:
        show_sign_in()
    else:
        page.run()
        sign_out_button()
