"""What a lead changes of one label: name, colour and guideline, and whether it is offered."""

from __future__ import annotations

import streamlit as st
from sqlalchemy.orm import Session
from streamlit.delta_generator import DeltaGenerator

from db.changes.label_looks import MOST_CHARACTERS, set_colour, set_guideline
from db.changes.label_set import merge_label, rename_label, retire_label
from db.models import Label
from labeler.app.opened import Serving
from labeler.app.pages.plain_text import plain
from labeler.app.pages.setup.editing.changing import Change, change_labels
from labeler.app.pages.setup.editing.guideline_preview import show_preview
from labeler.words.run import counted

_EXAMPLE = "When to give this label. A link to the file name of a clip is an example to play: [a clear case](clips/03.wav)"


def edit_label(now: Serving, label: Label, colour: str, answers: int, others: list[str]) -> None:
    """Show the fields of a label.

    Args:
        colour: the one that it has now, chosen or not.
        answers: how many stand with it.
        others: names of the other labels in use.
    """
    number = label.id
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name", value=label.name, key=f"label-name-{number}", max_chars=100, width=320)
        chosen = st.color_picker("Colour", value=colour, key=f"label-colour-{number}")
    text = st.text_area(
        "Guideline",
        value=label.guideline or "",
        key=f"label-guideline-{number}",
        max_chars=MOST_CHARACTERS,
        height=160,
        placeholder=_EXAMPLE,
        help="Markdown.",
    )
    if text.strip():
        show_preview(now, text)
    saved, offered = st.container(horizontal=True), st.container(horizontal=True, vertical_alignment="bottom")
    if saved.button("Save", key=f"label-save-{number}", icon=":material/save:"):
        _save(now, label, name, None if chosen == colour else chosen, text)
    if others:
        _offer_no_more(now, label, answers, others, offered)


def _save(now: Serving, label: Label, name: str, colour: str | None, text: str) -> None:
    old, number = label.name, label.id

    def save(session: Session, by: str | None) -> None:
        if name.strip() != old:
            rename_label(session, old, name, by=by)
        if colour is not None:
            set_colour(session, number, colour, by=by)
        set_guideline(session, number, text, by=by)

    if change_labels(now, save):
        st.session_state["labels-open"] = None
        st.rerun()


def _offer_no_more(now: Serving, label: Label, answers: int, others: list[str], place: DeltaGenerator) -> None:
    number, name = label.id, label.name
    asked = f"label-asked-{number}"
    into = place.selectbox("Merge into", others, index=None, key=f"label-into-{number}", placeholder="Another label", width=240)
    if place.button("Merge", key=f"label-merge-{number}", disabled=into is None):
        st.session_state[asked] = ("merge", into)
    if place.button("Retire", key=f"label-retire-{number}"):
        st.session_state[asked] = ("retire", None)
    what, target = st.session_state.get(asked, (None, None))
    if what == "merge" and target in others:
        sentence = f"{_standing(answers)} of {name} will count as {target}, and {name} will not be offered any more."
        _ask(now, asked, sentence, "Merge", lambda session, by: merge_label(session, name, into=target, by=by))
    elif what == "retire":
        sentence = f"{_standing(answers)} of {name} will stay in the log but not count, and their clips are asked again."
        _ask(now, asked, sentence, "Retire", lambda session, by: retire_label(session, name, by=by))


def _standing(answers: int) -> str:
    return "The answers" if answers == 0 else "The 1 answer" if answers == 1 else f"The {counted(answers, 'answer')}"


def _ask(now: Serving, asked: str, sentence: str, yes: str, change: Change) -> None:
    """Nothing happens before a lead has read what it means; Restore undoes it."""
    with st.container(border=True):
        st.markdown(f"{plain(sentence)} You can restore it later.")
        with st.container(horizontal=True):
            if st.button(f"{yes} now", key=f"{asked}-yes", icon=":material/check:"):
                del st.session_state[asked]
                if change_labels(now, change):
                    st.session_state["labels-open"] = None
                    st.rerun()
            if st.button("Cancel", key=f"{asked}-no", type="tertiary"):
                del st.session_state[asked]
                st.rerun()
