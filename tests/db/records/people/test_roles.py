"""Roles: which one counts, and who may lose one."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from db.errors import RoleError
from db.models import Annotator, Event, Role
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from db.records.people.roles import give_role, lead_count, may_answer, may_lead, may_view, role_for


@pytest.mark.parametrize(
    ("own", "signed_in", "lead_appointed", "named_lead", "counts"),
    [
        # Nobody signs in, and nobody is a lead: everybody may do everything.
        (None, False, False, False, Role.LEAD),
        (Role.ANNOTATOR, False, False, False, Role.LEAD),
        # Once there is a lead, a role is what a lead has given.
        (None, False, True, False, Role.ANNOTATOR),
        (Role.VIEWER, False, True, False, Role.VIEWER),
        (Role.LEAD, False, True, False, Role.LEAD),
        # Those who sign in are annotators until somebody says otherwise.
        (None, True, False, False, Role.ANNOTATOR),
        (Role.VIEWER, True, False, False, Role.VIEWER),
        (None, True, False, True, Role.LEAD),
        (Role.ANNOTATOR, True, True, True, Role.LEAD),
    ],
)
def test_which_role_counts(own: Role | None, signed_in: bool, lead_appointed: bool, named_lead: bool, counts: Role) -> None:
    assert role_for(own, signed_in=signed_in, lead_appointed=lead_appointed, named_lead=named_lead) == counts


def test_what_each_role_may_do() -> None:
    assert [role for role in Role if may_lead(role)] == [Role.LEAD]
    assert [role for role in Role if may_view(role)] == [Role.VIEWER, Role.LEAD]
    assert [role for role in Role if may_answer(role)] == [Role.ANNOTATOR, Role.LEAD]


def give(project: OpenProject, name: str, role: Role, *, by: str | None = None) -> None:
    with project.write() as session:
        give_role(session, annotator_id=annotator_named(session, name).id, role=role, by=by)


def test_a_role_is_given_and_recorded(any_project: OpenProject) -> None:
    give(any_project, "Lea", Role.LEAD)
    give(any_project, "Ann", Role.VIEWER, by="Lea")
    give(any_project, "Ann", Role.VIEWER, by="Lea")
    with any_project.read() as session:
        assert lead_count(session) == 1
        events = [(event.kind, event.done_by, event.details) for event in session.scalars(select(Event).order_by(Event.id))]
    assert events == [
        ("role", None, {"person": "Lea", "from": None, "to": "lead"}),
        ("role", "Lea", {"person": "Ann", "from": None, "to": "viewer"}),
    ]


def test_the_last_lead_stays(any_project: OpenProject) -> None:
    give(any_project, "Lea", Role.LEAD)
    with pytest.raises(RoleError, match="'Lea' is the only lead; make another person a lead first"):
        give(any_project, "lea", Role.ANNOTATOR, by="Lea")
    give(any_project, "Lou", Role.LEAD, by="Lea")
    give(any_project, "Lea", Role.ANNOTATOR, by="Lou")
    with any_project.read() as session:
        assert session.scalars(select(Annotator.name).where(Annotator.role == Role.LEAD)).all() == ["Lou"]


def test_nobody_has_this_number(project: OpenProject) -> None:
    with project.write() as session, pytest.raises(RoleError, match="no person with the number 99"):
        give_role(session, annotator_id=99, role=Role.LEAD, by=None)
