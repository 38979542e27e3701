"""Clips shown together in a grid: which of a ranking may be shown, and their leases.

What is shown there was chosen for looking like a label or like another clip, and the annotator knows it. So what is decided there
has a source of its own and pays no debt to the random slice (see `db.serving.random_slice`).
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from db.decisions.log import live_query
from db.models import Clip, ClipState, Decision, Lease, Source
from db.records.lease_clock import lease_time
from db.records.leases import cut_long_leases, is_open
from db.serving.leases import make_room

_AT_A_TIME = 500
"""Clips looked up in one query."""


@dataclass(frozen=True)
class GridLease:
    """A clip of a grid in an annotator's hands."""

    clip_id: int
    lease_id: int


def free_clips(
    session: Session, *, ranked: Iterable[int], limit: int, annotator_id: int | None = None, leave_out: Collection[int] = ()
) -> list[int]:
    """The first clips of a ranking that are in service, that nobody has answered and nobody else holds.

    Args:
        ranked: clip ids, best first; no more are drawn from it than it takes.
        limit: how many at most.
        annotator_id: for whom; without one, what others hold counts as free.
        leave_out: clips not to show.
    """
    found: list[int] = []
    wanted = (clip for clip in ranked if clip not in leave_out)
    while len(found) < limit and (block := list(itertools.islice(wanted, _AT_A_TIME))):
        query = select(Clip.id).where(Clip.id.in_(block), _free(annotator_id, lease_time()))
        free = set(session.scalars(query))
        found.extend(clip for clip in block if clip in free)
    return found[:limit]


def lease_for_grid(
    session: Session, *, annotator_id: int, clips: Sequence[int], limit: int, lease_seconds: float
) -> list[GridLease]:
    """Lease those of a few clips that are still free (needs a write session); what the annotator's grid holds is renewed."""
    now = lease_time()
    cut_long_leases(session, now=now, lease_seconds=lease_seconds)
    free = free_clips(session, ranked=clips, limit=limit, annotator_id=annotator_id)
    mine = select(Lease).where(Lease.clip_id.in_(free), Lease.annotator_id == annotator_id, is_open(now))
    leases = {lease.clip_id: lease for lease in session.scalars(mine)}
    for lease in leases.values():
        lease.expires_at = now + lease_seconds
    session.flush()
    new = [clip for clip in free if clip not in leases]
    make_room(session, annotator_id=annotator_id, wanted=len(new))
    for clip in new:
        leases[clip] = Lease(
            clip_id=clip,
            annotator_id=annotator_id,
            source=Source.GRID,
            created_at=time.time(),
            expires_at=now + lease_seconds,
        )
    session.add_all(leases.values())
    session.flush()
    return [GridLease(clip, leases[clip].id) for clip in free]


def _free(annotator_id: int | None, now: float) -> ColumnElement[bool]:
    answered = live_query().where(Decision.clip_id == Clip.id).correlate(Clip).exists()
    in_service = and_(Clip.state == ClipState.READY, ~answered)
    if annotator_id is None:
        return in_service
    others = or_(Lease.annotator_id != annotator_id, Lease.source != Source.GRID)
    held = select(Lease.id).where(Lease.clip_id == Clip.id, is_open(now), others).correlate(Clip).exists()
    return and_(in_service, ~held)
