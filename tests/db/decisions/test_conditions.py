"""What is asked of an answer has the same reply in Python and in SQL, for rows of this version and of older ones."""

from __future__ import annotations

import itertools
import time
import uuid

import pytest
from sqlalchemy import ColumnElement, select

from db.decisions.conditions import (
    given_blind,
    given_in_app,
    given_on_review,
    in_second_pass,
    is_blind,
    is_second_pass,
    source_column,
    source_of,
)
from db.decisions.log import append_row
from db.models import Answer, Decision, Lease, Source
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from tests.filled_projects import add_clips


@pytest.fixture
def rows(any_project: OpenProject) -> list[Decision]:
    """A row of every source, with and without a lease, with and without a suggestion."""
    (clip,) = add_clips(any_project, 1)
    with any_project.write() as session:
        who = annotator_named(session, "ann").id
        lease = Lease(clip_id=clip, annotator_id=who, source=Source.RANDOM, created_at=time.time(), expires_at=time.time())
        session.add(lease)
        session.flush()
        made = [
            Decision(
                uuid=str(uuid.uuid4()),
                clip_id=clip,
                annotator_id=who,
                answer=Answer.SKIP,
                source=source,
                lease_id=lease_id,
                suggestion_shown=hinted,
            )
            for source, lease_id, hinted in itertools.product(Source, [None, lease.id], [False, True])
        ]
        for row in made:
            append_row(session, row)
        session.expunge_all()
    return made


def chosen(project: OpenProject, condition: ColumnElement[bool]) -> list[int]:
    with project.read() as session:
        return list(session.scalars(select(Decision.id).where(condition).order_by(Decision.id)))


def test_blind_and_second_pass_are_the_same_in_python_and_in_sql(any_project: OpenProject, rows: list[Decision]) -> None:
    assert chosen(any_project, given_blind()) == [row.id for row in rows if is_blind(row)]
    assert chosen(any_project, in_second_pass()) == [row.id for row in rows if is_second_pass(row)]
    with any_project.read() as session:
        sources = list(session.scalars(select(source_column()).order_by(Decision.id)))
    assert sources == [source_of(row) for row in rows]


def test_a_review_is_of_the_second_pass_exactly_if_it_was_leased(rows: list[Decision]) -> None:
    found = {(row.source, row.lease_id is not None) for row in rows if is_second_pass(row)}
    assert found == {(Source.SECOND_PASS, False), (Source.SECOND_PASS, True), (Source.REVIEW, True)}
    assert {source_of(row) for row in rows if row.source == Source.REVIEW} == {Source.REVIEW, Source.SECOND_PASS}


def test_where_an_answer_was_given(any_project: OpenProject, rows: list[Decision]) -> None:
    reviews = [row.id for row in rows if source_of(row) == Source.REVIEW]
    assert chosen(any_project, given_on_review()) == reviews
    outside = (Source.IMPORTED, Source.SCRIPTED)
    assert chosen(any_project, given_in_app()) == [row.id for row in rows if row.source not in outside]
