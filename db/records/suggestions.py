"""Labels that something outside of the project predicted for clips, from imports."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Suggestion
from db.records.label_history import effective_label, labels_as_of


def imported_suggestions(session: Session, clip_ids: Collection[int]) -> dict[int, int]:
    """Label id by clip id: of the newest suggestion of each of these clips, if its label is in use."""
    if not clip_ids:
        return {}
    rows = session.execute(
        select(Suggestion.clip_id, Suggestion.label_id).where(Suggestion.clip_id.in_(clip_ids)).order_by(Suggestion.id)
    )
    newest = {row.clip_id: row.label_id for row in rows}
    present = effective_label(labels_as_of(session))
    found = {clip_id: present.get(label_id) for clip_id, label_id in newest.items()}
    return {clip_id: label_id for clip_id, label_id in found.items() if label_id is not None}
