"""The page Labels: the label set with colours, keys and guidelines, and the guidelines of the project."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from sqlalchemy import select

from db.changes.label_set import add_label, restore_label
from db.decisions.log import answers_by_label
from db.errors import SettingsError
from db.models import Label
from labeler.app.opened import Serving, serving
from labeler.app.pages.entry.required import require_lead
from labeler.app.pages.plain_text import plain
from labeler.app.pages.setup.editing.changing import change_labels
from labeler.app.pages.setup.editing.label_editor import edit_label
from labeler.app.pages.setup.editing.project_guidelines import edit_guidelines
from labeler.charts.label_colours import label_colours
from labeler.player.label_keys import project_keys
from labeler.words.run import counted

_OPEN = "labels-open"


@dataclass(frozen=True)
class _Row:
    label: Label
    colour: str
    key: str | None
    answers: int


def show_labels() -> None:
    """Show the page."""
    require_lead()
    now = serving()
    with now.project.read() as session:
        everything = list(session.scalars(select(Label).order_by(Label.position, Label.id)))
        answers = answers_by_label(session)
        session.expunge_all()
    offered = [label for label in everything if label.active]
    st.title("Labels", anchor=False)
    keys, problem = _keys(now, [label.name for label in offered])
    if problem:
        st.warning(plain(problem))
    if not offered:
        st.text("This project has no labels yet. Add the first one.")
    names = [label.name for label in offered]
    for label, colour, key in zip(offered, label_colours(offered), keys, strict=True):
        _show(now, _Row(label, colour, key, answers.get(label.id, 0)), names)
    _add(now)
    _not_in_use(now, everything, answers)
    edit_guidelines(now)


def _keys(now: Serving, names: list[str]) -> tuple[list[str | None], str]:
    """The key of each label; or none, and why the settings are of no use."""
    try:
        return project_keys(now.project, names), ""
    except SettingsError as error:
        return [None] * len(names), str(error)


def _show(now: Serving, row: _Row, names: list[str]) -> None:
    label = row.label
    is_open = st.session_state.get(_OPEN) == label.id
    with st.container(border=True, key=f"label-row-{label.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            # Nothing but a checked colour goes into the HTML.
            swatch = f'<div style="width:1.4rem;height:1.4rem;border-radius:0.4rem;background:{row.colour}"></div>'
            st.html(swatch, width="content")
            key = f" :gray-badge[{plain(row.key.upper())}]" if row.key else ""
            st.markdown(f"**{plain(label.name)}**{key}", width="stretch")
            st.caption(counted(row.answers, "answer") + ("" if label.guideline else ", no guideline"), width="content")
            if st.button("Close" if is_open else "Edit", key=f"label-edit-{label.id}", type="tertiary"):
                st.session_state[_OPEN] = None if is_open else label.id
                st.rerun()
        if is_open:
            edit_label(now, label, row.colour, row.answers, [name for name in names if name != label.name])


def _not_in_use(now: Serving, everything: list[Label], answers: dict[int, int]) -> None:
    left = [label for label in everything if not label.active]
    if not left:
        return
    names = {label.id: label.name for label in everything}
    with st.expander(f"Not in use ({len(left)})", key="labels-not-in-use"):
        for label in left:
            into = "" if label.merged_into_id is None else f", part of {names[label.merged_into_id]}"
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{plain(label.name)}**", width="stretch")
                st.caption(plain(f"{counted(answers.get(label.id, 0), 'answer')}{into}"), width="content")
                if st.button("Restore", key=f"label-restore-{label.id}", type="tertiary"):
                    _restore(now, label.name)


def _restore(now: Serving, name: str) -> None:
    if change_labels(now, lambda session, by: restore_label(session, name, by=by)):
        st.rerun()


def _add(now: Serving) -> None:
    with st.form("label-add", border=False, clear_on_submit=True), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("New label", key="label-new", max_chars=100, width=320)
        added = st.form_submit_button("Add", icon=":material/add:")
    if added and change_labels(now, lambda session, by: add_label(session, name, by=by)):
        st.rerun()
