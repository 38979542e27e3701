"""Clips for which a lead wants one more answer: noting the wish, and which wishes are still open.

A wish is fulfilled as soon as the clip has a live answer that is newer than the wish, whoever gave it. An answer that was taken
back and brought back is as old as it was.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, func, insert, select
from sqlalchemy.orm import Session

from db.decisions.conditions import first_id
from db.decisions.log import live_query, newest_decision_id
from db.models import AskedAgain, Clip, ClipState, Decision
from db.records.portions import portions


def ask_again(session: Session, clip_ids: Sequence[int], *, by: str | None) -> int:
    """Ask for one more answer for each of these clips (needs a write session); how many are asked again now and were not before.

    Clips that nobody has answered are left to the queue, which asks for them anyway; those that are not in service are left out.
    """
    after, now = newest_decision_id(session), time.time()
    answered = live_query().where(Decision.clip_id == Clip.id).correlate(Clip).exists()
    waiting = select(AskedAgain.id).where(AskedAgain.clip_id == Clip.id, is_open()).correlate(Clip).exists()
    asked = 0
    for part in portions(clip_ids):
        useful = select(Clip.id).where(Clip.id.in_(part), Clip.state == ClipState.READY, answered, ~waiting).order_by(Clip.id)
        rows = [
            {"clip_id": clip, "after_decision_id": after, "asked_by": by, "created_at": now} for clip in session.scalars(useful)
        ]
        if rows:
            session.execute(insert(AskedAgain), rows)
        asked += len(rows)
    return asked


def is_open() -> ColumnElement[bool]:
    """SQL condition on `AskedAgain`: its clip has no newer live answer yet."""
    newer = live_query().where(Decision.clip_id == AskedAgain.clip_id, first_id() > AskedAgain.after_decision_id)
    return ~newer.correlate(AskedAgain).exists()


def newest_wish_id(session: Session) -> int:
    """It grows with every wish; 0 before the first."""
    return session.scalar(select(func.max(AskedAgain.id))) or 0


def clips_asked_again(session: Session, *, among: Collection[int] | None = None) -> set[int]:
    """The clips in service with an open wish, or those of them that are `among` these."""
    query = select(AskedAgain.clip_id).join(Clip, Clip.id == AskedAgain.clip_id).where(Clip.state == ClipState.READY, is_open())
    if among is None:
        return set(session.scalars(query))
    return {clip for part in portions(list(among)) for clip in session.scalars(query.where(AskedAgain.clip_id.in_(part)))}
