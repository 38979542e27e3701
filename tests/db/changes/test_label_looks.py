"""Colours and guidelines of labels."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from db.changes.label_looks import MOST_CHARACTERS, set_colour, set_guideline
from db.errors import LabelError
from db.models import Event, Label
from db.project import OpenProject
from db.records.labels import active_labels
from labeler.charts.label_colours import PALETTE, label_colours


def first_label(project: OpenProject) -> Label:
    with project.read() as session:
        label = active_labels(session)[0]
        session.expunge(label)
    return label


def test_a_colour_and_a_guideline_are_kept_with_who_changed_them(any_project: OpenProject) -> None:
    label = first_label(any_project)
    with any_project.write() as session:
        set_colour(session, label.id, "#AABBCC", by="Lea")
        set_guideline(session, label.id, "  Loud, ünd near.\n", by="Lea")
        set_colour(session, label.id, "#aabbcc", by="Bo")
    now = first_label(any_project)
    assert (now.colour, now.guideline) == ("#aabbcc", "Loud, ünd near.")
    with any_project.read() as session:
        events = [(event.kind, event.done_by, event.details["before"]) for event in session.scalars(select(Event))]
    assert events == [("label-colour", "Lea", None), ("label-guideline", "Lea", None)]


@pytest.mark.parametrize("colour", ["red", "#fff", "#12345g", "#1234567", "url(x)", ""])
def test_what_is_no_colour_is_refused(project: OpenProject, colour: str) -> None:
    with pytest.raises(LabelError, match="is no colour"), project.write() as session:
        set_colour(session, first_label(project).id, colour)


@pytest.mark.parametrize("text", ["x" * (MOST_CHARACTERS + 1), "a\0b", "a\ud800b"])
def test_a_guideline_that_cannot_be_stored_is_refused(project: OpenProject, text: str) -> None:
    with pytest.raises(LabelError), project.write() as session:
        set_guideline(session, first_label(project).id, text)


def test_a_blank_guideline_is_none(project: OpenProject) -> None:
    number = first_label(project).id
    with project.write() as session:
        set_guideline(session, number, "x")
        set_guideline(session, number, " \n")
    assert first_label(project).guideline is None


def test_labels_without_a_colour_follow_the_palette_and_keep_their_place() -> None:
    labels = [Label(name="a", position=0), Label(name="b", position=12, colour="#010203"), Label(name="c", position=12)]
    assert label_colours(labels) == [PALETTE[0], "#010203", PALETTE[12 % len(PALETTE)]]
    many = [Label(name=str(number), position=number) for number in range(30)]
    assert len(label_colours(many)) == 30
