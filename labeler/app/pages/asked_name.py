"""Who is at this browser: asked once, then kept in the address and for the visit."""

from __future__ import annotations

import streamlit as st
from sqlalchemy import select

from db.errors import DecisionError
from db.models import Annotator
from db.records.annotators import annotator_named, checked_name
from labeler.app.opened import Serving
from labeler.app.pages.plain_text import plain

_PARAMETER = "annotator"


def known_name() -> str | None:
    """From the address, or from this visit; kept in the address, so that a bookmark or a reload asks no more."""
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
    """Somebody else is here now."""
    st.session_state.pop(_PARAMETER, None)
    st.query_params.pop(_PARAMETER, None)


def ask_for_name(title: str, start: str) -> None:
    """The form that asks; the page runs anew once it is answered."""
    st.title(title, anchor=False)
    with st.form("annotator-form", border=False):
        name = st.text_input(
            "Your name", key="annotator-name", max_chars=64, placeholder="It is stored with every answer you give"
        )
        started = st.form_submit_button(start)
    if not started:
        return
    try:
        st.query_params[_PARAMETER] = checked_name(name)
    except DecisionError:
        st.warning("Please type your name: 1 to 64 letters, no line breaks.")
        return
    st.rerun()


def annotator_id_of(now: Serving, name: str) -> int:
    """Of somebody known or new; only a new one is written down."""
    with now.project.read() as session:
        found = session.scalars(select(Annotator.id).where(Annotator.name == name)).first()
    if found is not None:
        return found
    with now.project.write() as session:
        return annotator_named(session, name).id
