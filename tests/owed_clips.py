"""The clips that the random slice waits for, asked of the database directly."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Clip, ClipState
from db.serving.random_slice import blindly_answered


def owed_clips(session: Session, limit: int) -> list[int]:
    """The next of them, in key order."""
    query = select(Clip.id).where(Clip.state == ClipState.READY, ~blindly_answered()).order_by(Clip.slice_key, Clip.id)
    return list(session.scalars(query.limit(limit)))
