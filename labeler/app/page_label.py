"""Label: the annotator's name once, then the player."""

from __future__ import annotations

import streamlit as st
from sqlalchemy import select

from db.annotators import annotator_named, checked_name
from db.errors import DecisionError
from db.labels import active_labels
from db.models import Annotator
from labeler.app.desk import any_transcripts
from labeler.app.label_keys import label_keys
from labeler.app.messages import Preferences
from labeler.app.opened import Serving, serving
from labeler.app.plain_text import plain
from labeler.player import Seat, player

_PARAMETER = "annotator"


def show_label() -> None:
    """The page."""
    now = serving()
    name = _known_name()
    if name is None:
        _ask_for_name()
        return
    _player_for(now, name)
    if st.button("Someone else is labelling", type="tertiary", icon=":material/person:"):
        st.session_state.pop(_PARAMETER, None)
        st.query_params.pop(_PARAMETER, None)
        st.rerun()


def _known_name() -> str | None:
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


def _ask_for_name() -> None:
    st.title("Who is labelling?", anchor=False)
    with st.form("annotator-form", border=False):
        name = st.text_input(
            "Your name", key="annotator-name", max_chars=64, placeholder="It is stored with every answer you give"
        )
        started = st.form_submit_button("Start labelling", type="primary")
    if not started:
        return
    try:
        st.query_params[_PARAMETER] = checked_name(name)
    except DecisionError:
        st.warning("Please type your name: 1 to 64 letters, no line breaks.")
        return
    st.rerun()


def _player_for(now: Serving, name: str) -> None:
    annotator_id = _annotator_id(now, name)
    settings = now.project.settings
    with now.project.read() as session:
        labels = [label.name for label in active_labels(session)]
        transcripts = any_transcripts(session)
        preferences = session.get_one(Annotator, annotator_id).preferences
    # The same token for the whole visit: new data would be one more message to the player for nothing.
    held = st.session_state.setdefault("session-tokens", {})
    token = held.setdefault(annotator_id, now.tokens.for_session(annotator_id))
    player(
        Seat(
            session=token,
            project=now.uuid,
            annotator_id=annotator_id,
            annotator=name,
            labels=labels,
            keys=label_keys(labels, settings.label_keys),
            transcripts=transcripts,
            facts=bool(settings.shown_columns),
            skip_reasons=settings.skip_reasons,
            least_heard=settings.least_heard,
            preferences=Preferences(**(preferences or {})).model_dump(),
        )
    )


def _annotator_id(now: Serving, name: str) -> int:
    with now.project.read() as session:
        found = session.scalars(select(Annotator.id).where(Annotator.name == name)).first()
    if found is not None:
        return found
    with now.project.write() as session:
        return annotator_named(session, name).id
