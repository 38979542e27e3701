"""Clips are handed to an annotator for a limited time: leased, kept while the annotator is there, handed back."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from db.models import Lease, Source
from db.records.lease_clock import lease_time
from db.records.leases import cut_long_leases, hand_back, is_open
from db.serving.upcoming import upcoming

MOST_HELD = 64
"""Clips that one annotator holds at most, on all pages together: a full grid, and the player on two pages."""


@dataclass(frozen=True)
class LeasedClip:
    """A clip handed to one annotator until `expires_at` (by `db.records.lease_clock`)."""

    lease_id: int
    clip_id: int
    file_name: str
    source: Source
    expires_at: float
    predicted: str | None
    """The label that the newest run expects."""


def lease_next(
    session: Session,
    *,
    annotator_id: int,
    limit: int,
    random_share: float,
    lease_seconds: float,
    exclude: Collection[int] = (),
    overlap_share: float = 0.0,
    relabel_share: float = 0.0,
    gold_share: float = 0.0,
) -> list[LeasedClip]:
    """Lease the next clips to an annotator (needs a write session, which makes double leases impossible).

    Whoever holds `MOST_HELD` clips already hands back as many of them (see `make_room`).
    """
    now, created_at = lease_time(), time.time()
    cut_long_leases(session, now=now, lease_seconds=lease_seconds)
    chosen = upcoming(
        session,
        limit=limit,
        random_share=random_share,
        exclude=exclude,
        annotator_id=annotator_id,
        overlap_share=overlap_share,
        relabel_share=relabel_share,
        gold_share=gold_share,
    )
    make_room(session, annotator_id=annotator_id, wanted=len(chosen))
    until = now + lease_seconds
    leases = [
        Lease(clip_id=clip.clip_id, annotator_id=annotator_id, source=clip.source, created_at=created_at, expires_at=until)
        for clip in chosen
    ]
    session.add_all(leases)
    session.flush()
    return [
        LeasedClip(lease.id, clip.clip_id, clip.file_name, clip.source, lease.expires_at, clip.predicted)
        for lease, clip in zip(leases, chosen, strict=True)
    ]


def make_room(session: Session, *, annotator_id: int, wanted: int) -> None:
    """Hand back an annotator's leases until, with so many new ones, no more than `MOST_HELD` are open.

    Those that would end first go first: no page renews them any more. Without this bound one page could take every clip, and the
    others would have nothing to do. A clip that was handed back can still be answered by whoever has it on screen.
    """
    mine = select(Lease).where(Lease.annotator_id == annotator_id, is_open(lease_time()))
    newest_first = mine.order_by(Lease.expires_at.desc(), Lease.id.desc())
    hand_back(session.scalars(newest_first.offset(max(MOST_HELD - wanted, 0))))


def renew_leases(session: Session, *, annotator_id: int, lease_ids: Collection[int], lease_seconds: float) -> None:
    """Prolong open leases of an annotator who is still there; one that ran out stays out."""
    now = lease_time()
    mine = and_(Lease.annotator_id == annotator_id, Lease.id.in_(lease_ids), is_open(now))
    session.execute(update(Lease).where(mine).values(expires_at=now + lease_seconds))


def open_leases(session: Session, *, annotator_id: int) -> list[int]:
    """The leases of an annotator that are neither handed back nor run out."""
    return list(session.scalars(select(Lease.id).where(Lease.annotator_id == annotator_id, is_open(lease_time()))))


def release_leases(session: Session, *, annotator_id: int, lease_ids: Collection[int] | None = None) -> None:
    """Hand back leases of an annotator: the ones named, or all of them."""
    mine = and_(Lease.annotator_id == annotator_id, is_open(lease_time()))
    if lease_ids is not None:
        mine = and_(mine, Lease.id.in_(lease_ids))
    session.execute(update(Lease).where(mine).values(released_at=time.time()))
