"""The ranked queue as a run leaves it: replaced whole, so that no reader ever sees half of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from db.decisions.log import live_query
from db.models import Clip, ClipState, Decision, QueueEntry, Source
from db.records.clip_changes import withdrawn_clips


@dataclass(frozen=True)
class QueueItem:
    """One ranked clip: why it is there, how uncertain it is, and what the head takes it for."""

    clip_id: int
    source: Source
    score: float | None
    predicted_id: int | None


def publish_queue(session: Session, *, run_id: int, entries: Sequence[QueueItem]) -> None:
    """Replace the queue, best first; without clips that were withdrawn while it was made."""
    session.execute(delete(QueueEntry))
    withdrawn = set(withdrawn_clips(session))
    kept = (entry for entry in entries if entry.clip_id not in withdrawn)
    rows = [{"position": position, "run_id": run_id, **vars(entry)} for position, entry in enumerate(kept)]
    if rows:
        session.execute(insert(QueueEntry), rows)


def queue_length(session: Session) -> int:
    """Ranked clips that nobody has answered yet."""
    answered = live_query().where(Decision.clip_id == QueueEntry.clip_id).correlate(QueueEntry).exists()
    query = select(func.count()).select_from(QueueEntry).join(Clip, Clip.id == QueueEntry.clip_id)
    return session.scalar(query.where(Clip.state == ClipState.READY, ~answered)) or 0
