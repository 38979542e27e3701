"""When a clip counts as being in somebody's hands: conditions for the queries that hand clips out."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, select

from db.models import Clip, Lease


def is_open(now: float) -> ColumnElement[bool]:
    """SQL condition on `Lease`: neither handed back nor run out at `now` (seconds since 1970)."""
    return and_(Lease.released_at.is_(None), Lease.expires_at > now)


def not_leased(now: float) -> ColumnElement[bool]:
    """SQL condition on `Clip`: nobody holds it."""
    return ~select(Lease.id).where(Lease.clip_id == Clip.id, is_open(now)).correlate(Clip).exists()
