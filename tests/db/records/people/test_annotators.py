"""Annotators: one person has one name, in whatever case, and nobody takes the name of somebody else."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from db.models import Annotator
from db.project import OpenProject
from db.records.people.annotators import annotator_called, annotator_named, is_person, signed_in_annotator
from tests.filled_projects import add_clips, answer


def test_names_that_differ_in_case_are_one_person(any_project: OpenProject) -> None:
    with any_project.write() as session:
        first = annotator_named(session, "Jörg Weiß").id
        assert annotator_named(session, "jörg weiss").id == first
        assert annotator_named(session, "JÖRG WEISS ").name == "Jörg Weiß"


def test_a_name_is_text_and_no_pattern(any_project: OpenProject) -> None:
    with any_project.write() as session:
        annotator_named(session, "Ann")
        assert annotator_called(session, "A%") is None
        assert annotator_called(session, "A_n") is None


def test_somebody_who_signs_in_keeps_their_row_whatever_they_are_called_later(any_project: OpenProject) -> None:
    with any_project.write() as session:
        first = signed_in_annotator(session, identity="ann@x.org", name="Ann")
        again = signed_in_annotator(session, identity="ann@x.org", name="Somebody Else")
        assert (again.id, again.name) == (first.id, "Ann")


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("Ann", "Ann (other@x.org)"),
        ("ANN", "ANN (other@x.org)"),
        ("Bob", "Bob"),
        ("", "other@x.org"),
        ("\u202eBob\n\0 ", "Bob"),
        ("B" * 200, "B" * 64),
    ],
)
def test_a_name_that_somebody_has_gets_part_of_the_identity(project: OpenProject, called: str, name: str) -> None:
    with project.write() as session:
        annotator_named(session, "Ann")
        assert signed_in_annotator(session, identity="other@x.org", name=called).name == name


def test_many_of_one_name_are_still_told_apart(project: OpenProject) -> None:
    with project.write() as session:
        names = [signed_in_annotator(session, identity=f"{'x' * 60}{number}", name="A" * 64).name for number in range(4)]
    assert len(set(names)) == 4
    assert max(map(len, names)) <= 64


def test_whoever_only_looked_is_nobody(any_project: OpenProject) -> None:
    (clip,) = add_clips(any_project, 1)
    answer(any_project, clip, annotator="Ann")
    with any_project.write() as session:
        annotator_named(session, "Mistyped")
        annotator_named(session, "Liked it slow").preferences = {"speed": 0.5}
        signed_in_annotator(session, identity="bea@x.org", name="Bea")
    with any_project.read() as session:
        people = session.scalars(select(Annotator.name).where(is_person()).order_by(Annotator.name)).all()
    assert people == ["Ann", "Bea", "Liked it slow"]
