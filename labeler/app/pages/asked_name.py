"""The person at this browser: who has signed in, or a name that is asked for once, then kept in the address and the session."""

from __future__ import annotations

import streamlit as st

from db.errors import DecisionError
from db.models import Annotator
from db.records.people.annotators import annotator_called, annotator_identified, checked_name, free_name
from labeler.app.access.visitors import found_row, row_of
from labeler.app.opened import Serving, serving
from labeler.app.pages.plain_text import plain
from labeler.app.sign_in.person_header import person_in
from labeler.app.sign_in.tokens import Newcomer
from labeler.app.sign_in.ways import Person, arranged
from labeler.player.page.component import PageKeys, page_keys

_PARAMETER = "annotator"


def person_at_page() -> Person | None:
    """Who has signed in at this browser; None where nobody has, or nobody needs to."""
    return person_in(st.context.headers) if arranged().needed else None


def known_name(*, quiet: bool = False) -> str | None:
    """The person's name, if it is known. Where people sign in, their name is what the sign-in says, whatever is in the address.

    Args:
        quiet: show nothing if the name in the address cannot be one.
    """
    person = person_at_page()
    if person is not None:
        return _signed_in_name(serving(), person)
    return None if arranged().needed else _typed_name(quiet=quiet)


def _signed_in_name(now: Serving, person: Person) -> str:
    with now.project.read() as session:
        found = annotator_identified(session, person.identity)
        return free_name(session, name=person.name, identity=person.identity) if found is None else found.name


def _typed_name(*, quiet: bool) -> str | None:
    """The name in the address or in the session, if any. The address keeps it for bookmarks and reloads."""
    given = st.query_params.get(_PARAMETER) or st.session_state.get(_PARAMETER)
    if not given:
        return None
    try:
        name = checked_name(str(given))
    except DecisionError as error:
        st.session_state.pop(_PARAMETER, None)
        if not quiet:
            st.error(plain(str(error)))
        return None
    with serving().project.read() as session:
        found = annotator_called(session, name)
        # As it was written first: names that differ only in case are one person.
        name = name if found is None else found.name
    st.session_state[_PARAMETER] = name
    if st.query_params.get(_PARAMETER) != name:
        st.query_params[_PARAMETER] = name
    return name


def forget_name() -> None:
    """Forget the name, because another person uses this browser now."""
    st.session_state.pop(_PARAMETER, None)
    st.query_params.pop(_PARAMETER, None)


def ask_for_name(title: str, start: str) -> None:
    """Show the form that asks for the name; the page runs again when it is submitted."""
    st.title(title, anchor=False)
    with st.form("annotator-form", border=False):
        name = st.text_input("Your name", key="annotator-name", max_chars=64)
        st.caption("Your name is stored with every answer that you give.")
        started = st.form_submit_button(start)
    page_keys(PageKeys(focus="annotator-name"), key="name-keys")
    if not started:
        return
    try:
        st.query_params[_PARAMETER] = checked_name(name)
    except DecisionError:
        st.warning("Please type your name: 1 to 64 letters, no line breaks.")
        return
    st.rerun()


def visitor_called(name: str) -> Newcomer:
    """The person at this browser, whose name `known_name` gave."""
    person = person_at_page()
    return Newcomer(name) if person is None else Newcomer(person.name, person.identity)


def annotator_at_page(now: Serving, name: str) -> Annotator | None:
    """The person's row, detached; None for somebody who has given nothing yet. Opening a page adds nobody."""
    with now.project.read() as session:
        found = found_row(session, visitor_called(name))
        if found is not None:
            session.expunge(found)
        return found


def annotator_id_of(now: Serving, name: str) -> int:
    """The annotator's id, for whatever is about to be stored; somebody without a row gets one."""
    found = annotator_at_page(now, name)
    if found is not None:
        return found.id
    with now.project.write() as session:
        return row_of(session, visitor_called(name)).id
