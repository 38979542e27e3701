"""Taking back a run of somebody's answers, and bringing it back.

Nothing is deleted: an undo row is appended for each answer of the run. To bring a run back, rows equal to those that stood are
appended: the same annotator, answer, seconds, source and hint, so that the random slice and training see them as before. Each
names the row that first gave its answer (`db.decisions.conditions.first_id`): the guidelines of that time were in force.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, insert, select
from sqlalchemy.orm import Session, aliased

from db.decisions.conditions import REINSTATES, first_id, first_id_of, source_of
from db.decisions.log import standing_query
from db.errors import DecisionError
from db.models import Annotator, Answer, Decision, Event, Withdrawal
from db.records.people.events import record_event
from db.records.portions import portions

TAKEN_BACK, REINSTATED = "answers-taken-back", "answers-reinstated"
"""Kinds of events."""


@dataclass(frozen=True)
class AnswerRun:
    """The answers that one annotator gave from one moment to another (seconds since 1970, both included)."""

    annotator_id: int
    since: float
    until: float


@dataclass(frozen=True)
class RunInWords:
    """What somebody who would take a run back must know."""

    annotator: str
    standing: int
    """Answers that stand, and would not any more."""
    since: float
    until: float
    """When the first and the last of these were given; the limits of the run, if none stands."""


@dataclass(frozen=True)
class Reinstated:
    """What became of a run that was brought back."""

    answers: int
    answered_anew: int
    """Answers that stay taken back: their annotator has answered the clip since, or it was withdrawn."""


def described(session: Session, run: AnswerRun) -> RunInWords:
    """How many answers of the run stand, and whose.

    Raises:
        DecisionError: there is no such annotator.
    """
    given = aliased(Decision)
    query = _given_in(standing_query(), run, given).with_only_columns(
        func.count(), func.min(given.created_at), func.max(given.created_at)
    )
    count, since, until = session.execute(query).one()
    if not count:
        since, until = run.since, run.until
    return RunInWords(_name(session, run), count, since, until)


def newest_run(session: Session, *, annotator_id: int, count: int) -> AnswerRun | None:
    """The run of an annotator's newest answers that stand, so many or fewer of them; None without any."""
    newest = standing_query().where(Decision.annotator_id == annotator_id).order_by(Decision.id.desc()).limit(count)
    given = aliased(Decision)
    moments = select(func.min(given.created_at), func.max(given.created_at)).where(
        given.id.in_(newest.with_only_columns(first_id()))
    )
    since, until = session.execute(moments).one()
    return AnswerRun(annotator_id, since, until) if since else None


def take_back_answers(session: Session, run: AnswerRun, *, by: str | None) -> int:
    """Take back every answer of the run (needs a write session that nobody else writes beside): none of them stands afterwards.

    An answer from before the run that one of the run had superseded stands again, as after any undo.

    Args:
        run: whose, from when to when.
        by: the lead who does it; kept with the ids of the answers as an event.

    Returns:
        How many answers stood; with none, nothing is recorded.

    Raises:
        DecisionError: there is no such annotator.
    """
    name = _name(session, run)
    undo, given = aliased(Decision), aliased(Decision)
    undone = select(undo.id).where(undo.replaces_id == Decision.id, undo.answer == Answer.UNDO).exists()
    rows = session.scalars(_given_in(select(Decision).where(Decision.answer != Answer.UNDO, ~undone), run, given)).all()
    stood = set(session.scalars(_given_in(standing_query(), run, given).with_only_columns(Decision.id)))
    if not stood:
        return 0
    now = time.time()
    _append(session, [_undo_of(row, now) for row in sorted(rows, key=lambda row: row.id)])
    details = {
        "annotator_id": run.annotator_id,
        "annotator": name,
        "since": run.since,
        "until": run.until,
        "answers": sorted(stood),
        "superseded": sorted({row.id for row in rows} - stood),
    }
    record_event(session, TAKEN_BACK, by=by, details=details)
    return len(stood)


def brought_back(session: Session) -> set[int]:
    """Ids of the events whose answers were brought back already."""
    query = select(Event.details["event"].as_integer()).where(Event.kind == REINSTATED)
    return set(session.scalars(query))


def reinstate_answers(session: Session, event_id: int, *, by: str | None) -> Reinstated:
    """Bring back the answers that stood when a run was taken back (needs a write session that nobody else writes beside).

    Args:
        event_id: of the event that `take_back_answers` recorded.
        by: the lead who does it.

    Raises:
        DecisionError: there is no such event, or its answers were brought back already.
    """
    event = session.get(Event, event_id)
    if event is None or event.kind != TAKEN_BACK:
        raise DecisionError("These answers were never taken back; reload the page.")
    if event_id in brought_back(session):
        raise DecisionError("These answers were brought back already; reload the page.")
    rows = [row for part in portions(event.details["answers"]) for row in _by_id(session, part)]
    now_standing = _standing_of(session, event.details["annotator_id"])
    withdrawn = _withdrawn(session, [row.clip_id for row in rows])
    fitting = []
    for row in rows:
        replaced, given_as = now_standing.get(row.clip_id, (None, 0))
        if row.clip_id not in withdrawn and given_as <= first_id_of(row):
            fitting.append((row, replaced))
    now = time.time()
    _append(session, [_again(row, now, replaces=replaced) for row, replaced in fitting])
    found = Reinstated(len(fitting), len(rows) - len(fitting))
    details = {"event": event_id, "annotator": event.details["annotator"], "answers": found.answers, "left": found.answered_anew}
    record_event(session, REINSTATED, by=by, details=details)
    return found


def _given_in(decisions: Select[Decision], run: AnswerRun, given: type[Decision]) -> Select[Decision]:
    """Those of the decisions whose answer was first given in the run."""
    joined = decisions.join(given, given.id == first_id())
    return joined.where(Decision.annotator_id == run.annotator_id, given.created_at >= run.since, given.created_at <= run.until)


def _name(session: Session, run: AnswerRun) -> str:
    name = session.scalar(select(Annotator.name).where(Annotator.id == run.annotator_id))
    if name is None:
        raise DecisionError(f"There is no annotator {run.annotator_id}; reload the page.")
    return name


def _standing_of(session: Session, annotator_id: int) -> dict[int, tuple[int, int]]:
    """The annotator's newest standing answer by clip: its id, and that of the row that first gave it."""
    columns = Decision.clip_id, Decision.id, first_id()
    query = standing_query().where(Decision.annotator_id == annotator_id).with_only_columns(*columns)
    return {clip: (number, given_as) for clip, number, given_as in session.execute(query.order_by(Decision.id))}


def _by_id(session: Session, ids: Sequence[int]) -> Sequence[Decision]:
    return session.scalars(select(Decision).where(Decision.id.in_(ids)).order_by(Decision.id)).all()


def _undo_of(row: Decision, now: float) -> dict[str, Any]:
    return {
        **_empty(row, now),
        "answer": Answer.UNDO,
        "replaces_id": row.id,
        "source": source_of(row),
        "queued_as": row.queued_as,
    }


def _again(row: Decision, now: float, *, replaces: int | None) -> dict[str, Any]:
    return {
        **_empty(row, now),
        "answer": row.answer,
        "label_id": row.label_id,
        "replaces_id": replaces,
        "source": row.source,
        "queued_as": row.queued_as,
        "seconds": row.seconds,
        "plays": row.plays,
        "reason": row.reason,
        "suggestion_shown": row.suggestion_shown,
        "gold": row.gold,
        "run_id": row.run_id,
        "lease_id": row.lease_id,
        "circumstances": {**(row.circumstances or {}), REINSTATES: first_id_of(row)},
        "answered_at": row.created_at if row.answered_at is None else row.answered_at,
    }


def _empty(row: Decision, now: float) -> dict[str, Any]:
    optional = ("label_id", "replaces_id", "queued_as", "seconds", "plays", "reason", "run_id", "lease_id", "circumstances")
    return {
        **dict.fromkeys((*optional, "answered_at")),
        "uuid": str(uuid.uuid4()),
        "clip_id": row.clip_id,
        "annotator_id": row.annotator_id,
        "suggestion_shown": False,
        "gold": False,
        "created_at": now,
    }


def _append(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    for part in portions(rows):
        session.execute(insert(Decision), part)


def _withdrawn(session: Session, clip_ids: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for part in portions(clip_ids):
        found |= set(session.scalars(select(Withdrawal.clip_id).where(Withdrawal.clip_id.in_(part))))
    return found
