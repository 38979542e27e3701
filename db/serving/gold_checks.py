"""Gold checks: clips whose gold label is known, asked of an annotator who never had them, so that the annotator can be scored.

Nothing that the annotator sees tells them from other clips. What came of them is in `db.quality.gold_checks`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from sqlalchemy import Select, func, literal, select
from sqlalchemy.orm import Session

from db.decisions.log import live_query
from db.models import Answer, Clip, ClipState, Decision
from db.records.leases import not_leased


def gold_checks(session: Session, *, annotator_id: int, now: float) -> Iterator[tuple[int, str]]:
    """Id and file name of clips that a reviewer labelled, in an order of the annotator's own; asked for when the first is wanted.

    None that this annotator ever answered, also where they took that back.

    Args:
        session: reads.
        annotator_id: for whom.
        now: by the clock of the leases.
    """
    had = select(literal(1)).where(Decision.clip_id == Clip.id, Decision.annotator_id == annotator_id).correlate(Clip).exists()
    query = select(Clip.id, Clip.file_name).where(Clip.id.in_(_gold_clips()), Clip.state == ClipState.READY)
    rows = session.execute(query.where(not_leased(now), ~had)).all()
    yield from sorted(
        ((clip, file_name) for clip, file_name in rows),
        key=lambda row: hashlib.blake2b(f"gold {annotator_id}:{row[0]}".encode()).digest(),
    )


def open_checks(session: Session, *, annotator_id: int) -> int:
    """How many clips with a gold label have no standing answer of this annotator."""
    answered = live_query().where(Decision.clip_id == Clip.id, Decision.annotator_id == annotator_id).correlate(Clip).exists()
    query = select(func.count()).select_from(Clip).where(Clip.id.in_(_gold_clips()), Clip.state == ClipState.READY, ~answered)
    return session.scalar(query) or 0


def _gold_clips() -> Select[int]:
    """The clips with a label that a reviewer fixed."""
    return live_query().where(Decision.gold.is_(True), Decision.answer == Answer.LABEL).with_only_columns(Decision.clip_id)
