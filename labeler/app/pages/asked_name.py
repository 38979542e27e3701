"""The name of the annotator at this browser: asked once, then kept in the address and in the session."""

from __future__ import annotations

import streamlit as st
from sqlalchemy import select

from db.errors import DecisionError
from db.models import Annotator
from db.records.annotators import annotator_named, checked_name
from labeler.app.opened import Serving
from labeler.app.pages.plain_text import plain
from labeler.player.page.component import PageKeys, page_keys

_PARAMETER = "annotator"


def known_name() -> str | None:
    """The name in the address or in the session, if any. The address keeps it for bookmarks and reloads."""
    given = st.query_params.get(_PARAMETER) or st.session_state.get(_PARAMETER)
    if not given:
        return None
    try:
        name = checked_name(str(given))
    except DecisionError as error:
        st.session_state.pop(_PARAMETER, None)
        st.error(plain(str(error)))
        return None
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


def annotator_id_of(now: Serving, name: str) -> int:
    """The annotator's id; a new name is added to the database first."""
    with now.project.read() as session:
        found = session.scalars(select(Annotator.id).where(Annotator.name == name)).first()
    if found is not None:
        return found
    with now.project.write() as session:
        return annotator_named(session, name).id
