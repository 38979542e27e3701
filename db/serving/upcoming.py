"""What is handed out next: the ranked queue with the random share mixed in (`db.serving.mixing`).

What is shown here is exactly what is served (`db.serving.leases`).
"""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select
from sqlalchemy.orm import Session

from db.decisions.conditions import given_blind
from db.decisions.log import live_query
from db.models import Clip, ClipState, Decision, Label, Lease, QueueEntry, Source
from db.records.lease_clock import lease_time
from db.records.leases import is_open, not_leased
from db.serving.asked_again import asked_again
from db.serving.gold_checks import gold_checks
from db.serving.mixing import Share, mixed
from db.serving.random_slice import blindly_answered
from db.serving.second_pass import REMEMBERED_SECONDS, relabels, relabels_so_far

OWN_ORDER_BLOCK = 16
"""Clips of the ranked queue among which each annotator has an order of their own."""
LOOKED_AT = 64
"""Places of the ranked queue looked at first; then twice as many, and so on."""


@dataclass(frozen=True)
class Served:
    """A clip in the order in which it would be served; `predicted` is a label's name."""

    clip_id: int
    file_name: str
    source: Source
    score: float | None
    predicted: str | None


def upcoming(
    session: Session,
    *,
    limit: int,
    random_share: float,
    exclude: Collection[int] = (),
    annotator_id: int | None = None,
    overlap_share: float = 0.0,
    relabel_share: float = 0.0,
    gold_share: float = 0.0,
    now: float | None = None,
) -> list[Served]:
    """The next clips in serving order; answered clips and clips under an open lease are left out.

    Args:
        limit: how many at most.
        random_share: share of the clips served for the random slice, 0 to 1.
        exclude: clips not to serve.
        annotator_id: for whom; while others hold clips too, each goes through the ranked queue in an order of their own. Without
            one: in the queue's own order, no overlap, no second pass, and nothing that a lead has asked again.
        overlap_share: share of the clips served that one other annotator has answered already.
        relabel_share: share of the clips served that have a label already and are asked once more (`db.serving.second_pass`).
        gold_share: share of the clips served whose gold label is known (`db.serving.gold_checks`).
        now: seconds since 1970, for tests.
    """
    remembered_since = (time.time() if now is None else now) - REMEMBERED_SECONDS
    now = lease_time() if now is None else now
    share = _share_so_far(session, now)
    share.share = random_share
    if annotator_id is not None:
        share.overlap_share, share.relabel_share, share.gold_share = overlap_share, relabel_share, gold_share
    if share.relabel_share > 0:
        share.relabels, share.recent = relabels_so_far(session, now)
    ranked = _unseen(_ranked(session, now, limit + len(exclude)), exclude)
    if annotator_id is not None and _others_are_here(session, annotator_id, now):
        ranked = _own_order(ranked, annotator_id)
    owed_query = _owed_query(now)
    fresh_query = owed_query if annotator_id is None else owed_query.where(~_hinted_lately(annotator_id, remembered_since))
    owed = _unseen(_in_batches(session, fresh_query, limit + len(exclude)), exclude)
    overlap = _unseen(_in_batches(session, _overlap_query(annotator_id, now), limit + len(exclude)), exclude)
    second_pass = _second_pass(session, annotator_id, exclude, now, remembered_since)
    asked = None if annotator_id is None else _asked_again(session, annotator_id, exclude, now)
    known = _gold_checks(session, annotator_id, exclude, now)
    served = mixed(ranked, owed, share, limit=limit, again=overlap, second_pass=second_pass, asked=asked, known=known)
    if served or annotator_id is None:
        return served
    # Nothing else is left for this annotator: better from memory than never.
    remembered = _unseen(_in_batches(session, owed_query, limit + len(exclude)), exclude)
    asked = _asked_again(session, annotator_id, exclude, now, from_memory=True)
    return mixed(remembered, asked, share, limit=limit)


def _asked_again(
    session: Session, annotator_id: int, exclude: Collection[int], now: float, *, from_memory: bool = False
) -> Iterator[Served]:
    clips = asked_again(session, annotator_id=annotator_id, now=now, from_memory=from_memory)
    return (Served(clip, file_name, Source.ASKED_AGAIN, None, None) for clip, file_name in clips if clip not in exclude)


def _second_pass(
    session: Session, annotator_id: int | None, exclude: Collection[int], now: float, remembered_since: float
) -> Iterator[Served] | None:
    if annotator_id is None:
        return None
    clips = relabels(session, annotator_id=annotator_id, now=now, remembered_since=remembered_since)
    return (Served(clip, file_name, Source.SECOND_PASS, None, None) for clip, file_name in clips if clip not in exclude)


def _gold_checks(session: Session, annotator_id: int | None, exclude: Collection[int], now: float) -> Iterator[Served] | None:
    if annotator_id is None:
        return None
    clips = gold_checks(session, annotator_id=annotator_id, now=now)
    return (Served(clip, file_name, Source.GOLD_CHECK, None, None) for clip, file_name in clips if clip not in exclude)


def _unseen(clips: Iterator[Served], exclude: Collection[int]) -> Iterator[Served]:
    return (clip for clip in clips if clip.clip_id not in exclude)


def _own_order(clips: Iterator[Served], annotator_id: int) -> Iterator[Served]:
    """Blocks of the ranked queue, each shuffled for this annotator: people who label side by side meet the hard clips at
    different times, and nobody's order depends on how fast the others are."""
    while block := list(itertools.islice(clips, OWN_ORDER_BLOCK)):
        yield from sorted(block, key=lambda clip: hashlib.blake2b(f"{annotator_id}:{clip.clip_id}".encode()).digest())


def _others_are_here(session: Session, annotator_id: int, now: float) -> bool:
    return session.scalars(select(Lease.id).where(is_open(now), Lease.annotator_id != annotator_id).limit(1)).first() is not None


def _in_batches(session: Session, query: Select[int, str, Source, float | None, str], first: int) -> Iterator[Served]:
    """Rows of `query`, fetched as they are needed: most calls want a handful out of very many."""
    offset, size = 0, max(first, 1)
    while True:
        rows = session.execute(query.offset(offset).limit(size)).all()
        yield from (Served(*row) for row in rows)
        if len(rows) < size:
            return
        offset += size


def _ranked(session: Session, now: float, first: int) -> Iterator[Served]:
    """The queue in its order, looked at stretch by stretch: what is far down costs nothing, whatever the database plans."""
    end = session.scalar(select(func.max(QueueEntry.position))) or 0
    place, size = 0, max(first, LOOKED_AT)
    while place <= end:
        stretch = _ranked_query(now).where(QueueEntry.position >= place, QueueEntry.position < place + size)
        yield from (Served(*row) for row in session.execute(stretch).all())
        place, size = place + size, 2 * size


def _share_so_far(session: Session, now: float) -> Share:
    random = or_(Decision.source == Source.RANDOM, Decision.queued_as == Source.RANDOM)
    # Labels made elsewhere, and in a grid, were not served here: they must not be made up for by a long row of random clips.
    scripted = and_(Decision.source == Source.SCRIPTED, Decision.queued_as.is_(None))
    served = live_query().where(Decision.source.not_in((Source.IMPORTED, Source.GRID)), ~scripted)
    overlap = func.count().filter(Decision.source == Source.OVERLAP)
    counted = served.with_only_columns(func.count(), func.count().filter(random), overlap)
    held = (func.count().filter(Lease.source == source) for source in (Source.RANDOM, Source.OVERLAP))
    leases = select(func.count(), *held).where(is_open(now), Lease.source != Source.GRID)
    answered, leased = session.execute(counted).one(), session.execute(leases).one()
    total, randoms, overlaps = (one + other for one, other in zip(answered, leased, strict=True))
    return Share(random=randoms, total=total, share=0.0, overlap=overlaps)


def _ranked_query(now: float) -> Select[int, str, Source, float | None, str]:
    answered = live_query().where(Decision.clip_id == Clip.id).correlate(Clip).exists()
    query = select(Clip.id, Clip.file_name, QueueEntry.source, QueueEntry.score, Label.name)
    query = query.select_from(QueueEntry).join(Clip, Clip.id == QueueEntry.clip_id)
    query = query.outerjoin(Label, Label.id == QueueEntry.predicted_id)
    return query.where(_in_service(), not_leased(now), ~answered).order_by(QueueEntry.position)


def _in_service() -> ColumnElement[bool]:
    """Clip.state hidden from SQLite's planner, which would take its index and look at every clip instead of the short queue."""
    return func.coalesce(Clip.state, literal(ClipState.BROKEN, type_=Clip.state.type)) == ClipState.READY


def _owed_query(now: float) -> Select[int, str, Source, float | None, str]:
    source = literal(Source.RANDOM, type_=QueueEntry.source.type)
    query = select(Clip.id, Clip.file_name, source, QueueEntry.score, Label.name)
    query = query.select_from(Clip).outerjoin(QueueEntry, QueueEntry.clip_id == Clip.id)
    query = query.outerjoin(Label, Label.id == QueueEntry.predicted_id)
    return query.where(Clip.state == ClipState.READY, not_leased(now), ~blindly_answered()).order_by(Clip.slice_key, Clip.id)


def _hinted_lately(annotator_id: int, since: float) -> ColumnElement[bool]:
    """SQL condition on `Clip`: the annotator answered it with a hint a short while ago, and would not be blind to it now."""
    answers = select(literal(1)).where(Decision.clip_id == Clip.id, Decision.annotator_id == annotator_id, ~given_blind())
    return answers.where(Decision.created_at > since).correlate(Clip).exists()


def _overlap_query(annotator_id: int | None, now: float) -> Select[int, str, Source, float | None, str]:
    """Clips that one other annotator has answered, in the random slice's order: agreement on a fair sample."""
    source = literal(Source.OVERLAP, type_=QueueEntry.source.type)
    query = select(Clip.id, Clip.file_name, source, QueueEntry.score, Label.name)
    query = query.select_from(Clip).outerjoin(QueueEntry, QueueEntry.clip_id == Clip.id)
    query = query.outerjoin(Label, Label.id == QueueEntry.predicted_id)
    answered = live_query().where(Decision.clip_id == Clip.id, Decision.source.not_in((Source.IMPORTED, Source.SCRIPTED)))
    # Agreement with what was picked from a grid says little.
    judged = answered.where(Decision.source != Source.GRID)
    people = judged.with_only_columns(func.count(Decision.annotator_id.distinct())).correlate(Clip).scalar_subquery()
    mine = answered.where(Decision.annotator_id == annotator_id).correlate(Clip).exists()
    return query.where(Clip.state == ClipState.READY, not_leased(now), people == 1, ~mine).order_by(Clip.slice_key, Clip.id)
