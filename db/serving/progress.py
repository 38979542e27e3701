"""How far labelling has come: what an annotator has answered, and what is left of the project."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.decisions.log import decision_counts, live_query
from db.models import Clip, ClipState, Decision, Lease
from db.records.lease_clock import lease_time
from db.records.leases import is_open
from db.serving.gold_checks import open_checks


@dataclass(frozen=True)
class Progress:
    """Counts at one moment."""

    saved: int
    """Standing answers of the annotator."""
    done: int
    """Clips in service that somebody has answered; where gold checks are mixed in, see `progress_of`."""
    total: int
    """Clips in service."""


def progress_of(session: Session, *, annotator_id: int, gold_checks: bool = False) -> Progress:
    """The annotator's progress, and the project's.

    With `gold_checks`, clips that this annotator may still get as a gold check count as not done: their answer to one then moves
    the count as any other does, and nobody can tell it by that.
    """
    ready = select(func.count()).select_from(Clip).where(Clip.state == ClipState.READY)
    answered = live_query().where(Decision.clip_id == Clip.id).correlate(Clip).exists()
    still_open = open_checks(session, annotator_id=annotator_id) if gold_checks else 0
    return Progress(
        saved=decision_counts(session, annotator_id),
        done=(session.scalar(ready.where(answered)) or 0) - still_open,
        total=session.scalar(ready) or 0,
    )


def open_elsewhere(session: Session, *, here: Collection[int]) -> int:
    """How many clips nobody has answered yet are in somebody's hands, in a tab other than the one that has the clips `here`."""
    held = set(session.scalars(select(Lease.clip_id).where(is_open(lease_time())))) - set(here)
    answered = live_query().where(Decision.clip_id == Clip.id).correlate(Clip).exists()
    waiting = select(func.count()).select_from(Clip).where(Clip.id.in_(held), Clip.state == ClipState.READY, ~answered)
    return session.scalar(waiting) or 0 if held else 0
