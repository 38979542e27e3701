"""How fast people label: seconds for each answer, and answers in each of the last hours; only answers of the app count."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.decisions.conditions import came_back, given_at, given_in_app
from db.decisions.log import live_query
from db.models import Annotator, Decision

HOURS = 24
LATELY = 500
"""Each annotator's newest answers, from which their seconds are taken."""


@dataclass(frozen=True)
class AnnotatorPace:
    """One annotator's speed."""

    annotator_id: int
    name: str
    answers: int
    """Standing answers."""
    seconds: float | None
    """Median from the first sound to the answer, of the newest `LATELY` answers; None if none was timed."""
    last_at: float
    """When the newest answer was given, in seconds since 1970."""
    by_hour: list[int]
    """Answers in each of the last hours, oldest first; the last is the hour that ends now."""

    @property
    def an_hour(self) -> float:
        """Answers an hour over those of the last hours in which there were any; 0 without."""
        at_work = [count for count in self.by_hour if count]
        return sum(at_work) / len(at_work) if at_work else 0.0


def pace(session: Session, *, now: float, hours: int = HOURS) -> list[AnnotatorPace]:
    """Everybody who answered in the app, most answers first.

    Args:
        now: seconds since 1970.
        hours: how many of the last hours `by_hour` covers.
    """
    given = live_query().where(given_in_app())
    totals = given.with_only_columns(Decision.annotator_id, func.count(), func.max(given_at()))
    rows = session.execute(totals.group_by(Decision.annotator_id)).all()
    names = {row.id: row.name for row in session.execute(select(Annotator.id, Annotator.name))}
    lately = _by_hour(session, now=now, hours=hours)
    found = [
        AnnotatorPace(
            annotator_id=annotator,
            name=names[annotator],
            answers=answers,
            seconds=_median_seconds(session, annotator),
            last_at=last_at,
            by_hour=[lately[annotator][hour] for hour in range(hours)],
        )
        for annotator, answers, last_at in rows
    ]
    return sorted(found, key=lambda each: (-each.answers, each.name))


def _by_hour(session: Session, *, now: float, hours: int) -> defaultdict[int, Counter[int]]:
    """Answers by annotator and hour, the oldest hour being 0."""
    since = now - hours * 3600
    # Not those that were brought back, all at one moment.
    newer = live_query().where(given_in_app(), ~came_back(), Decision.created_at > since, Decision.created_at <= now)
    found: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for annotator, created_at in session.execute(newer.with_only_columns(Decision.annotator_id, Decision.created_at)):
        found[annotator][min(int((created_at - since) // 3600), hours - 1)] += 1
    return found


def _median_seconds(session: Session, annotator_id: int) -> float | None:
    timed = live_query().where(given_in_app(), Decision.annotator_id == annotator_id, Decision.seconds.is_not(None))
    newest = timed.with_only_columns(Decision.seconds).order_by(Decision.id.desc()).limit(LATELY)
    seconds = [value for value in session.scalars(newest) if value is not None]
    return statistics.median(seconds) if seconds else None
