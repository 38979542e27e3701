"""The page Grid: many clips at once that are likely to have a label, or are like a clip, to confirm or reject together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import streamlit as st

from db.decisions.review import ToReview, own_answers
from db.errors import ClipError
from db.records.clips import find_clip
from db.records.labels import active_labels
from db.records.people.annotators import name_key
from labeler.app.api.messages import MOST_NAMED, Preferences
from labeler.app.opened import Serving, serving
from labeler.app.pages.asked_name import annotator_at_page, ask_for_name, known_name, visitor_called
from labeler.app.pages.choosing import choose
from labeler.app.pages.entry.required import require_annotator
from labeler.app.pages.plain_text import plain
from labeler.app.pages.session_token import session_token, tab_name
from labeler.app.pages.setup.still_empty import is_still_empty
from labeler.app.sign_in.ways import arranged
from labeler.charts.label_colours import label_colours
from labeler.player.grid.component import GridSeat, grid

URL_PATH = "grid"
LIKE = "like"
"""The query parameter that holds a clip's number."""
_LIKELY, _LIKE, _AMONG = "Likely to be", "Similar to a clip", "From the map"
_SELECTED = "grid-selected"
"""In the session: ids of the clips that were selected on the map."""
_FROM_MAP = "grid-from-map"
"""In the session: whether the page begins with these."""
_OTHER = 0
"""The entry in the list of clips that lets the visitor type a clip's number."""
_ANSWERS = 50


def show_grid() -> None:
    """Show the page."""
    now = serving()
    if is_still_empty(now):
        return
    name = known_name()
    if name is None:
        ask_for_name("Who is labelling?", "Start labelling")
        return
    require_annotator()
    who = annotator_at_page(now, name)
    with now.project.read() as session:
        offered = active_labels(session)
        labels, colours = [label.name for label in offered], label_colours(offered)
    preferences = None if who is None else who.preferences
    st.title("Grid", anchor=False)
    looked_for = _looked_for(now, None if who is None else who.id, labels)
    if looked_for is None:
        return
    asked, words, label = looked_for
    grid(
        GridSeat(
            base=arranged().base_path,
            session=session_token(now, visitor_called(name) if who is None else who.id),
            tab=tab_name(),
            project=now.uuid,
            annotator_id=name_key(name),
            annotator=name,
            asked=asked,
            words=words,
            likely="likely" in asked,
            label=label,
            colour=colours[labels.index(label)],
            least_heard=now.project.settings.least_heard,
            preferences=Preferences(**(preferences or {})).model_dump(),
        )
    )


def open_grid(like: int) -> NoReturn:
    """Go from another page to the clips that are similar to this one."""
    for key in ("grid-way", "grid-like", "grid-number", _FROM_MAP):
        st.session_state.pop(key, None)
    st.switch_page(st.Page(show_grid, url_path=URL_PATH), query_params={LIKE: str(like)})


def open_grid_of(clips: Sequence[int]) -> NoReturn:
    """Go from another page to these clips, in this order; at most `MOST_NAMED` of them."""
    st.session_state[_SELECTED] = list(clips)[:MOST_NAMED]
    st.session_state.pop("grid-way", None)
    st.session_state[_FROM_MAP] = True
    st.switch_page(st.Page(show_grid, url_path=URL_PATH))


def _looked_for(now: Serving, who: int | None, labels: list[str]) -> tuple[dict[str, Any], str, str] | None:
    """The query for the grid's route, the same in words, and the label of confirmed clips; None while nothing is chosen."""
    way, *rest = st.columns([1.7, 1.5, 0.8], vertical_alignment="bottom")
    selected = st.session_state.get(_SELECTED, [])
    ways = [_LIKELY, _LIKE, *([_AMONG] if selected else [])]
    first = _AMONG if selected and st.session_state.get(_FROM_MAP) else _LIKE if LIKE in st.query_params else _LIKELY
    shown = way.segmented_control("Show clips", ways, default=first, required=True, key="grid-way")
    st.session_state[_FROM_MAP] = shown == _AMONG
    if shown == _LIKE:
        return _like(now, who, labels, rest)
    if shown == _AMONG:
        label = rest[0].selectbox("Confirm as", labels, index=None, key="grid-selected-as", placeholder="Choose a label")
        if label is None:
            st.text("Choose the label that confirmed clips will get.")
            return None
        return {"among": selected}, f"{len(selected)} selected on the map", label
    label = rest[0].selectbox("Label", labels, key="grid-label")
    return {"likely": label}, f"likely {label}", label


def _like(now: Serving, who: int | None, labels: list[str], places: list[Any]) -> tuple[dict[str, Any], str, str] | None:
    with now.project.read() as session:
        own = [] if who is None else own_answers(session, annotator_id=who, limit=_ANSWERS)
    answers = {clip.clip_id: clip for clip in own}
    asked_for = st.query_params.get(LIKE, "")
    # An empty value, zero, or text that is not a number names no clip.
    given = (int(asked_for) if asked_for.isascii() and asked_for.isdigit() and len(asked_for) < 16 else 0) or None
    choices = [*answers, _OTHER]
    start = (choices.index(given) if given in answers else len(answers)) if given else 0
    words = {clip: _in_words(answers.get(clip)) for clip in choices}
    chosen = choose(places[0], "Similar to which clip", words, key="grid-like", start=choices[start])
    if chosen == _OTHER:
        number = st.number_input("Number of the clip", min_value=1, value=given, step=1, key="grid-number", width=240)
        if number is None:
            return None
        chosen = int(number)
    own_answer = answers[chosen].answers[0].answer if chosen in answers else None
    # No label is preselected for a clip that this person has not labelled.
    index = labels.index(own_answer) if own_answer in labels else None
    label = places[1].selectbox("Confirm as", labels, index=index, key=f"grid-as-{chosen}", placeholder="Choose a label")
    try:
        with now.project.read() as session:
            file_name = find_clip(session, clip_id=chosen).file_name
    except ClipError as error:
        st.warning(plain(str(error)))
        return None
    if label is None:
        st.text("Choose the label that confirmed clips will get.")
        return None
    return {"like": chosen}, f"like {file_name} (clip {chosen})"[:300], label


def _in_words(clip: ToReview | None) -> str:
    return "Another clip, by its number" if clip is None else f"{clip.file_name}: {clip.answers[0].answer}"
