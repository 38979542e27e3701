"""The list of people: who they are, what they gave, and when they were there."""

from __future__ import annotations

import pytest

from db.decisions.people import known_people
from db.models import Role
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from db.records.people.roles import give_role
from tests.filled_projects import add_clips, answer


@pytest.fixture
def peopled(any_project: OpenProject) -> OpenProject:
    """Zoe leads, Ann has two answers of which one stands, Bob one; somebody looked."""
    first, second = add_clips(any_project, 2)
    answer(any_project, first, "angry", annotator="Ann")
    answer(any_project, first, "happy", annotator="Ann")
    answer(any_project, second, annotator="Bob")
    with any_project.write() as session:
        annotator_named(session, "Looked")
        give_role(session, annotator_id=annotator_named(session, "Zoe").id, role=Role.LEAD, by=None)
    return any_project


def test_leads_come_first_then_everybody_by_name(peopled: OpenProject) -> None:
    with peopled.read() as session:
        people = known_people(session)
    assert [(person.name, person.role, person.answers) for person in people] == [
        ("Zoe", Role.LEAD, 0),
        ("Ann", None, 1),
        ("Bob", None, 1),
    ]
    assert [person.last_seen is None for person in people] == [True, False, False]


@pytest.mark.parametrize(("containing", "found"), [("NN", ["Ann"]), ("%", []), ("", ["Zoe", "Ann"]), ("zo", ["Zoe"])])
def test_people_are_found_by_part_of_their_name(peopled: OpenProject, containing: str, found: list[str]) -> None:
    with peopled.read() as session:
        assert [person.name for person in known_people(session, containing=containing, limit=2)] == found
