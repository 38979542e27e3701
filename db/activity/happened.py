"""What happened to the project, newest first: read from the tables in which everything is kept anyway.

Answers and clips are read in one pass and put together in bursts; all else is few. Nothing here is stored.
"""

from __future__ import annotations

import enum
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.activity.bursts import Burst, bursts
from db.decisions.conditions import came_back, first_id
from db.decisions.guidelines import guideline_versions
from db.decisions.log import standing_query
from db.decisions.taking_back import REINSTATED, TAKEN_BACK, brought_back
from db.models import Annotator, Answer, Clip, ClipChange, Decision, Event, Label, LabelChange, Source, Withdrawal

PAUSE_OF_ANSWERS, PAUSE_OF_CLIPS = 600.0, 60.0
"""Seconds."""


class Kind(enum.StrEnum):
    """What a line of the list is about."""

    ANSWERS = "answers"
    TAKEN_BACK = "taken back"
    LABELS = "labels"
    GUIDELINES = "guidelines"
    CLIPS = "clips"
    WITHDRAWALS = "withdrawals"
    OTHERS = "settings and people"
    """What events record."""


@dataclass(frozen=True)
class Happening:
    """One line of the list; times are seconds since 1970."""

    kind: Kind
    who: str | None
    """None where nobody is known: a command, or a file that was edited."""
    since: float
    until: float
    what: str
    """Within the kind: `given`, `imported`; a kind of label change or of event; `added`, `changed`."""
    count: int = 1
    details: dict[str, Any] = field(default_factory=dict)
    ids: tuple[int, int] = (0, 0)
    """The first and the last row, where it is a burst; the row's twice where it is an event."""
    annotator_id: int | None = None


@dataclass(frozen=True)
class Wanted:
    """Which of it is listed."""

    kinds: frozenset[Kind] = frozenset(Kind)
    who: str | None = None
    since: float | None = None
    until: float | None = None
    """Seconds since 1970; what lies in part between the two is listed."""


def happenings(session: Session, wanted: Wanted | None = None) -> list[Happening]:
    """All that happened, newest first. Reads every decision and every clip once, but nothing large of them."""
    wanted = wanted or Wanted()
    sources = {
        Kind.ANSWERS: _answers,
        Kind.LABELS: _label_changes,
        Kind.GUIDELINES: _guidelines,
        Kind.CLIPS: _clips,
        Kind.WITHDRAWALS: _withdrawals,
    }
    found = [one for kind, source in sources.items() if kind in wanted.kinds for one in source(session)]
    if wanted.kinds & {Kind.TAKEN_BACK, Kind.OTHERS}:
        found += _events(session)
    found = [one for one in found if _fits(one, wanted)]
    return sorted(found, key=lambda one: (one.until, one.ids), reverse=True)


def still_standing(session: Session, runs: Sequence[Happening]) -> list[int]:
    """How many answers of each run stand now; runs of answers, as `happenings` lists them."""
    counts = [0] * len(runs)
    by_person: dict[int, list[tuple[int, int, int]]] = {}
    for place, run in enumerate(runs):
        if run.annotator_id is not None:
            by_person.setdefault(run.annotator_id, []).append((run.ids[0], run.ids[1], place))
    if not by_person:
        return counts
    for listed in by_person.values():
        listed.sort()
    earliest = min(listed[0][0] for listed in by_person.values())
    query = standing_query().where(Decision.annotator_id.in_(by_person), Decision.id >= earliest)
    for who, given_as in session.execute(query.with_only_columns(Decision.annotator_id, first_id())):
        listed = by_person[who]
        place = bisect_right(listed, (given_as, 2**62, 0)) - 1
        if place >= 0 and given_as <= listed[place][1]:
            counts[listed[place][2]] += 1
    return counts


def people(session: Session) -> list[str]:
    """Names of all who did something, or could have."""
    columns = (Annotator.name, Event.done_by, LabelChange.changed_by, Withdrawal.withdrawn_by)
    return sorted({name for column in columns for name in session.scalars(select(column).distinct()) if name})


def _fits(one: Happening, wanted: Wanted) -> bool:
    return (
        one.kind in wanted.kinds
        and (wanted.who is None or one.who == wanted.who)
        and (wanted.since is None or one.until >= wanted.since)
        and (wanted.until is None or one.since <= wanted.until)
    )


def _answers(session: Session) -> Iterator[Happening]:
    query = select(Decision.annotator_id, Decision.source, Decision.id, Decision.created_at)
    query = query.where(Decision.answer != Answer.UNDO, ~came_back()).order_by(Decision.id)
    elsewhere = (Source.IMPORTED, Source.SCRIPTED)
    rows = (((who, source in elsewhere), number, at) for who, source, number, at in session.execute(query))
    names = _names(session)
    for run in bursts(rows, pause=PAUSE_OF_ANSWERS):
        who, imported = run.key
        what = "imported" if imported else "given"
        yield _of_burst(run, Kind.ANSWERS, names.get(who), what, annotator_id=who)


def _clips(session: Session) -> Iterator[Happening]:
    added = session.execute(select(Clip.id, Clip.created_at).order_by(Clip.id))
    changed = session.execute(select(ClipChange.id, ClipChange.created_at).order_by(ClipChange.id))
    for what, rows in (("added", added), ("changed", changed)):
        for burst in bursts(((what, number, at) for number, at in rows), pause=PAUSE_OF_CLIPS):
            yield _of_burst(burst, Kind.CLIPS, None, what)


def _withdrawals(session: Session) -> Iterator[Happening]:
    query = select(Withdrawal.withdrawn_by, Withdrawal.reason, Withdrawal.id, Withdrawal.created_at).order_by(Withdrawal.id)
    rows = (((who, reason), number, at) for who, reason, number, at in session.execute(query))
    for burst in bursts(rows, pause=PAUSE_OF_CLIPS):
        who, reason = burst.key
        yield _of_burst(burst, Kind.WITHDRAWALS, who, "withdrawn", details={"reason": reason})


def _label_changes(session: Session) -> Iterator[Happening]:
    names = {row.id: row.name for row in session.execute(select(Label.id, Label.name))}
    for row in session.scalars(select(LabelChange).order_by(LabelChange.id)):
        details = {"before": row.name_before, "after": row.name_after, "label": names.get(row.label_id)}
        details["into"] = None if row.into_id is None else names.get(row.into_id)
        yield _single(Kind.LABELS, row.changed_by, row.created_at, row.kind.value, row.id, details)


def _guidelines(session: Session) -> Iterator[Happening]:
    for one in guideline_versions(session):
        yield _single(Kind.GUIDELINES, one.changed_by, one.created_at, "version", one.id, {"number": one.number})


def _events(session: Session) -> Iterator[Happening]:
    undone = brought_back(session)
    for row in session.scalars(select(Event).order_by(Event.id)):
        of_answers = row.kind in (TAKEN_BACK, REINSTATED)
        details = {**row.details, "brought_back": row.id in undone} if row.kind == TAKEN_BACK else row.details
        yield _single(Kind.TAKEN_BACK if of_answers else Kind.OTHERS, row.done_by, row.created_at, row.kind, row.id, details)


def _single(kind: Kind, who: str | None, at: float, what: str, number: int, details: dict[str, Any]) -> Happening:
    return Happening(kind, who, at, at, what, details=details, ids=(number, number))


def _of_burst(burst: Burst[Any], kind: Kind, who: str | None, what: str, **more: Any) -> Happening:
    return Happening(kind, who, burst.since, burst.until, what, count=burst.count, ids=(burst.first, burst.last), **more)


def _names(session: Session) -> dict[int, str]:
    return {row.id: row.name for row in session.execute(select(Annotator.id, Annotator.name))}
