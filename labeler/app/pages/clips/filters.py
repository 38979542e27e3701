"""What the visitor looks for: the widgets above the table. The address keeps their values, so a view can be shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from db.browsing.choice import COLUMN, ClipChoice, Mark, Order
from db.models import ClipState, Source

PAGE = "page"
_BIND: Literal["query-params"] = "query-params"
_FIELDS = ("q", "label", "mark", "by", "speaker", "source", "predicted", "min", "max", "column", "value")
"""Filters, by their names in the address; `state`, `sort` and `down` are there too."""
_NOTHING: dict[str, str | list[str]] = {"q": "", "mark": [], "value": ""}
"""What filters hold when they are not set, where that is not None."""
_SHOWN = "show"
_STATES = {
    "in service": ClipState.READY,
    "file replaced": ClipState.REPLACED,
    "cannot be decoded": ClipState.BROKEN,
    "withdrawn": ClipState.WITHDRAWN,
}
_MOST_LISTED = 500
"""Speakers in a list to choose from; above, the name is typed."""
USUAL = ("label", "answered by", "marks", "predicted", "confidence", "speaker", "seconds")
OWN = (*USUAL, "agreement", "answered", "transcript", "number")
"""Columns that are not the manifest's."""


@dataclass(frozen=True)
class Choosable:
    """What there is to choose from."""

    labels: Mapping[str, int]
    """Id by name."""
    people: Mapping[str, int]
    speakers: Sequence[str]
    columns: Sequence[str]
    """Of the manifest."""


def chosen(there: Choosable) -> ClipChoice:
    """Show the widgets; what they say."""
    search, label, marks = st.columns([2, 1, 2], vertical_alignment="bottom")
    text = search.text_input("Search", key="q", placeholder="File name, transcript or note", on_change=_first_page, bind=_BIND)
    name = label.selectbox("Label", there.labels, index=None, key="label", placeholder="Any", on_change=_first_page, bind=_BIND)
    words = [mark.value for mark in Mark]
    marked = marks.multiselect("Only clips with", words, key="mark", placeholder="Anything", on_change=_first_page, bind=_BIND)
    with st.expander(f"More filters and order{_set_among_more()}", key="clips-more"):
        return _more(there, text, there.labels.get(name or ""), frozenset(Mark(word) for word in marked))


def _more(there: Choosable, search: str, label: int | None, marks: frozenset[Mark]) -> ClipChoice:
    first, second, third, fourth = st.columns(4)
    who = _one_of(first, "Answered by", list(there.people), "by")
    speaker = _speaker(second, there.speakers)
    source = _one_of(third, "Asked as", [source.value for source in Source], "source")
    expected = _one_of(fourth, "Predicted", list(there.labels), "predicted")
    first, second, third, fourth = st.columns(4)
    shortest = _seconds(first, "At least (seconds)", "min")
    longest = _seconds(second, "At most (seconds)", "max")
    column = _one_of(third, "Column", list(there.columns), "column")
    value = fourth.text_input("has the value", key="value", disabled=column is None, on_change=_first_page, bind=_BIND)
    first, second, third = st.columns([1, 2, 1], vertical_alignment="bottom")
    state = first.selectbox("State", list(_STATES), key="state", on_change=_first_page, bind=_BIND)
    orders = _orders(there)
    order = second.selectbox("Sort by", list(orders), key="sort", on_change=_first_page, bind=_BIND)
    down = third.toggle("Descending", key="down", on_change=_first_page, bind=_BIND)
    return ClipChoice(
        search=search or "",
        label=label,
        predicted=there.labels.get(expected or ""),
        marks=marks,
        annotator=there.people.get(who or ""),
        speaker=speaker or None,
        source=None if source is None else Source(source),
        shortest=shortest,
        longest=longest,
        column=column,
        value=value or "",
        state=_STATES[state or "in service"],
        order=orders[order or Order.IMPORTED],
        descending=down,
    )


def _orders(there: Choosable) -> dict[str, str]:
    """The value of `ClipChoice.order` by what is shown for it. The manifest may have columns that are called like ours."""
    ours = {order.value: order.value for order in Order}
    return ours | {f"{name} (manifest)" if name in ours else name: f"{COLUMN}{name}" for name in there.columns}


def shown_columns(there: Choosable) -> list[str]:
    """The columns of the table beside the file name, in the order in which they were chosen."""
    options = [*OWN, *(name for name in there.columns if name not in OWN)]
    return list(st.multiselect("Columns", options, default=list(USUAL), key=_SHOWN, bind=_BIND, label_visibility="collapsed"))


def forget_filters() -> None:
    """Show all clips again. The address follows the widgets."""
    for name in _FIELDS:
        if name in st.session_state:
            st.session_state[name] = _NOTHING.get(name)
    if "state" in st.session_state:
        st.session_state["state"] = next(iter(_STATES))
    _first_page()


def _first_page() -> None:
    """What matches is another list now."""
    st.session_state[PAGE] = 1


def _set_among_more() -> str:
    """How many of the folded filters are set."""
    values = [st.session_state.get(name) for name in ("by", "speaker", "source", "predicted", "min", "max", "column", "down")]
    values += [st.session_state.get("state", "in service") != "in service"]
    values += [st.session_state.get("sort", Order.IMPORTED) != Order.IMPORTED]
    count = sum(value not in (None, "", False) for value in values)
    return f" ({count} set)" if count else ""


def _one_of(place: st.delta_generator.DeltaGenerator, title: str, options: Sequence[str], key: str) -> str | None:
    found: str | None = place.selectbox(title, options, index=None, key=key, placeholder="Any", on_change=_first_page, bind=_BIND)
    return found


def _seconds(place: st.delta_generator.DeltaGenerator, title: str, key: str) -> float | None:
    found: float | None = place.number_input(
        title, min_value=0.0, value=None, step=0.5, key=key, placeholder="Any", on_change=_first_page, bind=_BIND
    )
    return found


def _speaker(place: st.delta_generator.DeltaGenerator, speakers: Sequence[str]) -> str | None:
    if len(speakers) <= _MOST_LISTED:
        return _one_of(place, "Speaker", speakers, "speaker")
    typed = place.text_input(
        "Speaker", value=None, key="speaker", placeholder="The whole name", on_change=_first_page, bind=_BIND
    )
    return typed and typed.strip()
