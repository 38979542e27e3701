"""The page Clips: which clips there are, what is known of each, and what a lead does with many at once.

The address keeps what is looked for: `?label=sad&mark=flagged&sort=confidence`, in the names of `filters`.
"""

from __future__ import annotations

from functools import lru_cache

import streamlit as st
from sqlalchemy import select

from db.browsing.choice import ClipChoice
from db.browsing.matching import ClipFinder, Matching
from db.browsing.rows import lines_of
from db.errors import LearnerError
from db.models import Annotator
from db.project import OpenProject
from db.records.labels import active_labels
from db.records.people.annotators import is_person
from labeler.app.opened import Serving, serving
from labeler.app.pages.asked_name import ask_for_name, known_name
from labeler.app.pages.clips.actions import show_actions, show_done
from labeler.app.pages.clips.detail import show_picked
from labeler.app.pages.clips.filters import PAGE, Choosable, chosen, forget_filters, shown_columns
from labeler.app.pages.clips.table import clip_table
from labeler.app.pages.entry.required import require_lead
from labeler.player.page.component import PageKeys, page_keys
from learner.search.predicted import StoredPredictions, read_predictions

URL_PATH = "clips"
ON_A_PAGE = 100


def show_clips() -> None:
    """Show the page."""
    require_lead()
    now = serving()
    name = known_name()
    if name is None:
        ask_for_name("Who is looking at the clips?", "Show the clips")
        return
    st.title("Clips", anchor=False)
    there = _there(now)
    choice = chosen(there)
    matching = _matching(now, choice)
    count = len(matching.clips)
    show_done()
    columns = _above_the_table(count, there)
    if count == 0:
        _page_number(0)
        st.text("No clip matches.")
        st.button("Show all clips", key="clips-all", on_click=forget_filters)
        return
    table = st.container()
    # Before the table is filled: only the widget knows the page that the address asks for.
    page = _page_number(-(-count // ON_A_PAGE))
    first = ON_A_PAGE * (page - 1)
    with now.project.read() as session:
        lines = lines_of(session, matching.clips[first : first + ON_A_PAGE], matching.known)
    with table:
        picked = clip_table(lines, columns)
    show_actions(now, name, matching, picked)
    if picked.current is None:
        st.caption("Click a cell to play its clip; arrow keys go on from there. Tick rows to change several clips at once.")
    else:
        show_picked(now, picked.ticked, picked.current)
    page_keys(PageKeys(fields={"/": "q"}, shown=str(page)), key="clips-keys")


def _page_number(pages: int) -> int:
    if pages > 1:
        return st.pagination(pages, key=PAGE, bind="query-params")
    # Without the widget nobody else would take it out of the address.
    st.query_params.pop(PAGE, None)
    return 1


def _above_the_table(count: int, there: Choosable) -> list[str]:
    """How many clips match, and the choice of columns."""
    found, columns = st.columns([3, 1], vertical_alignment="center")
    found.markdown(f"**{count:,}** {'clip' if count == 1 else 'clips'}")
    with columns.popover("Columns", width="stretch"):
        return shown_columns(there)


def _there(now: Serving) -> Choosable:
    finder = _finder(now.project)
    with now.project.read() as session:
        labels = {label.name: label.id for label in active_labels(session)}
        people = {who.name: who.id for who in session.scalars(select(Annotator).where(is_person()).order_by(Annotator.name))}
        return Choosable(labels, people, finder.speakers(session), finder.columns(session))


def _matching(now: Serving, choice: ClipChoice) -> Matching:
    with now.project.read() as session:
        return _finder(now.project).find(session, choice, predictions=_predictions(now))


def _predictions(now: Serving) -> StoredPredictions | None:
    """The newest predictions that the learner kept. One damaged file must not hide all clips."""
    try:
        newest = max((path.stat().st_mtime_ns for path in now.project.heads_dir.glob("predicted_*.npz")), default=0)
        return _read(now.project, newest)
    except (LearnerError, OSError):
        return None


@lru_cache(maxsize=1)
def _read(project: OpenProject, newest: int) -> StoredPredictions | None:
    """`newest` changes whenever there are other predictions."""
    return read_predictions(project.heads_dir)


@lru_cache(maxsize=1)
def _finder(project: OpenProject) -> ClipFinder:
    """One for all visitors: what it has read once serves everybody."""
    return ClipFinder()
