"""The page Label: it asks for the annotator's name once, then shows the player."""

from __future__ import annotations

import streamlit as st

from db.decisions.review import own_answers
from db.records.clips import any_transcripts
from db.records.labels import active_labels
from db.records.people.annotators import name_key
from labeler.app.api.messages import Preferences
from labeler.app.opened import Serving, serving
from labeler.app.pages.asked_name import annotator_at_page, ask_for_name, forget_name, known_name, visitor_called
from labeler.app.pages.entry.required import require_annotator
from labeler.app.pages.grid import open_grid
from labeler.app.pages.session_token import session_token, tab_name
from labeler.app.pages.setup.still_empty import is_still_empty
from labeler.app.sign_in.ways import arranged
from labeler.charts.label_colours import label_colours
from labeler.player.label.component import Seat, player
from labeler.player.label_keys import project_keys


def show_label() -> None:
    """Show the page."""
    now = serving()
    if is_still_empty(now):
        return
    name = known_name()
    if name is None:
        ask_for_name("Who is labelling?", "Start labelling")
        return
    require_annotator()
    _player_for(now, name)
    if st.button("Find more like the last answer", type="tertiary", icon=":material/grid_view:"):
        who = annotator_at_page(now, name)
        with now.project.read() as session:
            newest = [] if who is None else own_answers(session, annotator_id=who.id, limit=1)
        if newest:
            open_grid(newest[0].clip_id)
        st.toast("You have not answered any clip yet.")
    if not arranged().needed and st.button("Someone else is labelling", type="tertiary", icon=":material/person:"):
        forget_name()
        st.rerun()


def _player_for(now: Serving, name: str) -> None:
    who = annotator_at_page(now, name)
    settings = now.project.settings
    with now.project.read() as session:
        offered = active_labels(session)
        labels, colours = [label.name for label in offered], label_colours(offered)
        transcripts = any_transcripts(session)
    preferences = None if who is None else who.preferences
    player(
        Seat(
            base=arranged().base_path,
            session=session_token(now, visitor_called(name) if who is None else who.id),
            project=now.uuid,
            annotator_id=name_key(name),
            annotator=name,
            labels=labels,
            keys=project_keys(now.project, labels),
            colours=colours,
            transcripts=transcripts,
            facts=bool(settings.shown_columns),
            skip_reasons=settings.skip_reasons,
            least_heard=settings.least_heard,
            tab=tab_name(),
            preferences=Preferences(**(preferences or {})).model_dump(),
        )
    )
