"""Clips are handed to an annotator for a limited time: leased, kept while the annotator is there, handed back."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import and_, update
from sqlalchemy.orm import Session

from db.models import Lease, Source
from db.records.lease_clock import lease_time
from db.records.leases import cut_long_leases, is_open
from db.serving.upcoming import upcoming


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
) -> list[LeasedClip]:
    """Lease the next clips to an annotator (needs a write session, which makes double leases impossible)."""
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
    )
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


def renew_leases(session: Session, *, annotator_id: int, lease_ids: Collection[int], lease_seconds: float) -> None:
    """Prolong open leases of an annotator who is still there; one that ran out stays out."""
    now = lease_time()
    mine = and_(Lease.annotator_id == annotator_id, Lease.id.in_(lease_ids), is_open(now))
    session.execute(update(Lease).where(mine).values(expires_at=now + lease_seconds))


def release_leases(session: Session, *, annotator_id: int, lease_ids: Collection[int] | None = None) -> None:
    """Hand back leases of an annotator: the ones named, or all of them."""
    mine = and_(Lease.annotator_id == annotator_id, is_open(lease_time()))
    if lease_ids is not None:
        mine = and_(mine, Lease.id.in_(lease_ids))
    session.execute(update(Lease).where(mine).values(released_at=time.time()))
