"""The list of what happened, with its filters, and the ways to take answers back."""

from __future__ import annotations

from datetime import date
from datetime import time as clock_time

import streamlit as st
from sqlalchemy import select

from db.activity.happened import Happening, Kind, Wanted, happenings, people, still_standing
from db.decisions.taking_back import TAKEN_BACK, AnswerRun
from db.models import Annotator
from db.records.people.annotators import is_person
from labeler.app.opened import Serving
from labeler.app.pages.lead.activity_words import in_words
from labeler.app.pages.lead.taking_back import ask_to_take_back, bring_back, show_what_was_done
from labeler.app.pages.moments import day, limits_of, seconds_at, stretch
from labeler.app.pages.plain_text import plain

PAGE = 25
"""Lines."""


def show_list(now: Serving, name: str) -> None:
    """The list; `name` is who looks at it."""
    show_what_was_done()
    wanted = _filters(now)
    with now.project.read() as session:
        found = happenings(session, wanted)
        pages = max(-(-len(found) // PAGE), 1)
        page = min(st.session_state.get("activity-page", 1), pages)
        listed = found[(page - 1) * PAGE : page * PAGE]
        runs = [one for one in listed if one.kind == Kind.ANSWERS]
        standing = dict(zip((one.ids for one in runs), still_standing(session, runs), strict=True))
    if not found:
        st.text("Nothing happened yet." if wanted == Wanted() else "Nothing fits these filters.")
    days = [day(one.until) for one in listed]
    for place, one in enumerate(listed):
        if place == 0 or days[place] != days[place - 1]:
            st.markdown(f"**{days[place]}**")
        _line(now, one, name, standing=standing.get(one.ids))
    _pager(page, pages)
    _by_time(now, name)


def _filters(now: Serving) -> Wanted:
    with now.project.read() as session:
        names = people(session)
    kinds, who, when = st.columns([3, 2, 2])
    chosen = kinds.multiselect("Kind", list(Kind), key="activity-kinds", format_func=lambda kind: kind.value.capitalize())
    person = who.selectbox("Person", names, index=None, key="activity-who", placeholder="Everybody")
    that_day = when.date_input("Day", value=None, key="activity-day")
    since, until = limits_of(that_day) if isinstance(that_day, date) else (None, None)
    filters = (tuple(chosen), person, that_day)
    if st.session_state.get("activity-filters") != filters:
        st.session_state["activity-filters"], st.session_state["activity-page"] = filters, 1
    return Wanted(kinds=frozenset(chosen) or frozenset(Kind), who=person, since=since, until=until)


def _line(now: Serving, one: Happening, name: str, *, standing: int | None) -> None:
    words, button = st.columns([5, 1.4], vertical_alignment="center")
    when = stretch(one.since, one.until).partition(", ")[2] if day(one.since) == day(one.until) else stretch(one.since, one.until)
    who = f"**{plain(one.who)}**: " if one.who else ""
    left = "" if standing is None or standing == one.count else f" ({standing} still count)"
    words.markdown(f":gray[{when}] {who}{in_words(one)}{left}")
    number = one.ids[0]
    if one.kind == Kind.ANSWERS and standing and one.annotator_id is not None:
        run = AnswerRun(one.annotator_id, one.since, one.until)
        if button.button("Take back…", key=f"take-back-{number}", type="tertiary"):
            ask_to_take_back(now, run, name)
        return
    can_undo = one.what == TAKEN_BACK and not one.details["brought_back"]
    if can_undo and button.button("Undo this", key=f"bring-back-{number}", type="tertiary"):
        bring_back(now, number, name)


def _pager(page: int, pages: int) -> None:
    if pages == 1:
        return
    newer, where, older = st.columns([1, 1, 1], vertical_alignment="center")
    if newer.button("Newer", key="activity-newer", disabled=page == 1):
        st.session_state["activity-page"] = page - 1
        st.rerun()
    where.text(f"Page {page} of {pages}")
    if older.button("Older", key="activity-older", disabled=page == pages):
        st.session_state["activity-page"] = page + 1
        st.rerun()


def _by_time(now: Serving, name: str) -> None:
    """Another stretch than one of those listed."""
    with now.project.read() as session:
        everybody = select(Annotator.id, Annotator.name).where(is_person()).order_by(Annotator.name)
        names = {row.id: row.name for row in session.execute(everybody)}
    with st.expander("Take back the answers of another stretch of time"), st.form("take-back-stretch", border=False):
        who = st.selectbox("Annotator", list(names), format_func=names.__getitem__, key="stretch-who")
        when, since, until = st.columns(3)
        that_day = when.date_input("Day", key="stretch-day")
        first = since.time_input("From", value=clock_time(0, 0), step=60, key="stretch-from")
        last = until.time_input("To", value=clock_time(23, 59), step=60, key="stretch-to")
        if st.form_submit_button("Take back…", disabled=not names) and who is not None and isinstance(that_day, date):
            # The minute that is named belongs to it.
            run = AnswerRun(who, seconds_at(that_day, first), seconds_at(that_day, last) + 59.999)
            ask_to_take_back(now, run, name)
