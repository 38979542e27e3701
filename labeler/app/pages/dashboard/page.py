"""The page itself: figures first, then the curve and the goal, and one of several sections."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from db.dashboard import DashboardFacts
from db.errors import EarmarkError
from db.records.learner_state import read_state
from db.store.failures import STORE_ERRORS
from labeler.app.opened import serving
from labeler.app.pages.asked_name import known_name
from labeler.app.pages.dashboard.course import course
from labeler.app.pages.dashboard.doubts import show_doubts
from labeler.app.pages.dashboard.fine_tuning.section import show_fine_tuning
from labeler.app.pages.dashboard.glance import (
    DOUBTS,
    FINE_TUNING,
    LABELS,
    MAP,
    MIX_UPS,
    PEOPLE,
    SECTION,
    SECTIONS,
    glance,
    section_asked,
)
from labeler.app.pages.dashboard.headline import headline
from labeler.app.pages.dashboard.labels import show_labels
from labeler.app.pages.dashboard.learner_line import learner_line
from labeler.app.pages.dashboard.leaving import go_on, is_leaving
from labeler.app.pages.dashboard.map_of_clips import show_map
from labeler.app.pages.dashboard.mixups import show_mix_ups
from labeler.app.pages.dashboard.people import show_people
from labeler.app.pages.dashboard.reading import facts_now, stamp
from labeler.app.pages.entry.required import require_viewer
from labeler.app.pages.failing import in_one_sentence
from labeler.player.into_view.component import into_view

URL_PATH = "dashboard"
_SHOW = {
    MIX_UPS: show_mix_ups,
    LABELS: show_labels,
    PEOPLE: show_people,
    DOUBTS: show_doubts,
    MAP: show_map,
    FINE_TUNING: show_fine_tuning,
}
_LOOK_AGAIN = 2.0
"""Seconds until the page looks whether there are newer figures."""


def show_dashboard() -> None:
    """Show the page. Everything below the large figures is drawn anew only when there are newer measurements."""
    read: list[DashboardFacts] = []
    with in_one_sentence():
        require_viewer()
        # Kept for the pages that this one leads to.
        known_name()
        st.title("Dashboard", anchor=False)
        read.append(facts_now(serving()))
    if not read:
        _try_again()
        return
    facts = read[0]
    st.fragment(_figures, run_every=None if is_leaving() else _LOOK_AGAIN)(stamp(facts))
    if not facts.now.answers:
        st.info("Nothing is labelled yet: people label on the page Label, and the figures follow.", icon=":material/label:")
    if facts.run is not None or facts.now.answers:
        glance(facts)
        course(facts)
        _section(facts)
    go_on()


def open_dashboard() -> NoReturn:
    """Go to the page from another one."""
    st.switch_page(st.Page(show_dashboard, url_path=URL_PATH))


@st.fragment(run_every=_LOOK_AGAIN)
def _try_again() -> None:
    """Draw the page as soon as the database answers."""
    try:
        require_viewer()
        facts_now(serving())
    except (EarmarkError, *STORE_ERRORS):
        return
    st.rerun()


def _figures(shown: tuple[object, ...]) -> None:
    """The learner's state and the large figures, which follow each answer.

    Args:
        shown: what the rest of the page shows. When there is something newer, the whole page is drawn, so that it is of one run.
    """
    with in_one_sentence():
        require_viewer()
        now = serving()
        facts = facts_now(now)
        if stamp(facts) != shown:
            st.rerun()
        with now.project.read() as session:
            state = read_state(session)
            session.expunge_all()
        headline(facts)
        learner_line(state)


@st.fragment
def _section(facts: DashboardFacts) -> None:
    """One section at a time: what is not looked at costs nothing."""
    with in_one_sentence():
        require_viewer()
        st.session_state.setdefault(SECTION, SECTIONS[0])
        chosen = st.segmented_control("Section", SECTIONS, key=SECTION, required=True, label_visibility="collapsed")
        # Whoever pressed a line above would otherwise see nothing happen, where the sections are below the screen.
        into_view(SECTION, asked=section_asked(), key="dashboard-into-view")
        _SHOW[chosen or SECTIONS[0]](facts)
