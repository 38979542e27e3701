"""Leases: whether a clip is in somebody's hands, why it was handed out, and handing it back."""

from __future__ import annotations

import time
from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from db.models import Clip, Lease, Source

SHORTEST_CUT = 900.0
"""Seconds. Leases of a project whose setting was longer until now are not cut shorter than this."""


def is_open(now: float) -> ColumnElement[bool]:
    """SQL condition on `Lease`: neither handed back nor run out at `now` (by `db.records.lease_clock`)."""
    return and_(Lease.released_at.is_(None), Lease.expires_at > now)


def not_leased(now: float) -> ColumnElement[bool]:
    """SQL condition on `Clip`: nobody holds it."""
    return ~select(Lease.id).where(Lease.clip_id == Clip.id, is_open(now)).correlate(Clip).exists()


def leases_on(session: Session, *, clip_id: int, annotator_id: int) -> list[Lease]:
    """Every lease that the annotator ever had on the clip, handed back or not."""
    return list(session.scalars(select(Lease).where(Lease.clip_id == clip_id, Lease.annotator_id == annotator_id)))


def lease_source(stored: Source) -> Source:
    """Why a clip was handed out, by the source of its lease: older leases have `review` for the second pass."""
    return Source.SECOND_PASS if stored == Source.REVIEW else stored


def cut_long_leases(session: Session, *, now: float, lease_seconds: float) -> None:
    """Let no open lease last longer than a new one would, or than `SHORTEST_CUT` (needs a write session).

    One that would was written by an earlier process, whose clock was ahead of today's. It would stay open for as long as that
    clock was ahead.
    """
    until = now + max(lease_seconds, SHORTEST_CUT)
    long = update(Lease).where(Lease.expires_at > until, Lease.released_at.is_(None))
    session.execute(long.values(expires_at=until), execution_options={"synchronize_session": False})


def hand_back(leases: Iterable[Lease]) -> None:
    """End the leases that are not ended yet (needs a write session)."""
    for lease in leases:
        lease.released_at = lease.released_at or time.time()
