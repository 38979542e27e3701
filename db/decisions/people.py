"""Who takes part in the project: people with their roles, their answers, and when they were last there."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.decisions.conditions import came_back, given_in_app
from db.decisions.log import live_query
from db.models import Annotator, Answer, Decision, Lease, Role
from db.records.people.annotators import is_person, name_key


@dataclass(frozen=True)
class KnownPerson:
    """A person as a lead sees them."""

    id: int
    name: str
    identity: str | None
    role: Role | None
    answers: int
    """Decisions that stand and count."""
    last_seen: float | None
    """Seconds since 1970: when they last answered or were handed a clip."""


MOST_LOOKED_AT = 50_000
"""Decisions that `answered_since` looks at, the newest: it is asked often, and there may be millions."""


def answered_since(session: Session, since: float) -> int:
    """How many people have answered in the app since a time, in seconds since 1970; only the newest decisions are looked at."""
    newest = select(func.max(Decision.id)).scalar_subquery()
    people = select(func.count(Decision.annotator_id.distinct()))
    return session.scalar(people.where(Decision.id > newest - MOST_LOOKED_AT, Decision.created_at >= since, given_in_app())) or 0


def known_people(session: Session, *, containing: str = "", limit: int | None = None) -> list[KnownPerson]:
    """Everybody who takes part, by name, leads and viewers first.

    Args:
        containing: part of the name, in whatever case; empty for everybody.
        limit: how many people at most.
    """
    answers = live_query().with_only_columns(Decision.annotator_id, func.count().label("answers"))
    counted = answers.group_by(Decision.annotator_id).subquery()
    # Rows that take answers back or bring them back may be a lead's doing.
    own = Decision.annotator_id == Annotator.id, Decision.answer != Answer.UNDO, ~came_back()
    answered = select(func.max(Decision.created_at)).where(*own).scalar_subquery()
    handed = select(func.max(Lease.created_at)).where(Lease.annotator_id == Annotator.id).scalar_subquery()
    query = (
        select(Annotator, func.coalesce(counted.c.answers, 0), answered, handed)
        .outerjoin(counted, counted.c.annotator_id == Annotator.id)
        .where(is_person())
        .order_by(func.coalesce(Annotator.role, Role.ANNOTATOR) == Role.ANNOTATOR, Annotator.name_key, Annotator.id)
        .limit(limit)
    )
    if containing.strip():
        query = query.where(Annotator.name_key.contains(name_key(containing.strip()), autoescape=True))
    return [
        KnownPerson(row.id, row.name, row.identity, row.role, count, max(filter(None, times), default=None))
        for row, count, *times in session.execute(query)
    ]
