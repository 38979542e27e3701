"""The second pass: clips that have a label already, asked once more, blind.

The oldest labels come first, doubted or not: were the labels that the classifier contradicts asked anew and the others not, every
mistake that happens to be made in the classifier's favour would stay, and its accuracy would come out too high. A clip is asked a
second time once, and never one that the same annotator had in the last hours: they would answer from memory.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from sqlalchemy import ColumnElement, and_, literal, select
from sqlalchemy.orm import Session

from db.decisions.conditions import source_column
from db.decisions.log import live_query, newest_decision_id
from db.models import Answer, Clip, ClipState, Decision, Lease, Source
from db.records.leases import is_open, lease_source, not_leased
from db.serving.random_slice import blindly_answered

REMEMBERED_SECONDS = 12 * 3600
"""How long an annotator is taken to remember a clip: a day's work, breaks and all."""
LOOKED_AT = 1000
"""Decisions of the log looked at in one stretch."""
_AT_A_TIME = 50
_RECENT = 50
"""Answers over which the share is kept."""

Labelled = tuple[int, str]
"""Clip id and file name."""


def relabels(session: Session, *, annotator_id: int, now: float, remembered_since: float | None = None) -> Iterator[Labelled]:
    """Clips for an annotator to answer again, the oldest labels first; drawn from the database as they are needed.

    Clips that owe the random slice a blind answer are left to it. What a reviewer has fixed is settled, and an answer that
    somebody gave anew on the Review page has been thought over already.

    Args:
        session: reads.
        annotator_id: for whom.
        now: by the clock of the leases.
        remembered_since: by the wall clock; what the annotator had since then, they remember. By default `REMEMBERED_SECONDS`
            before `now`.
    """
    wanted = and_(
        Clip.state == ClipState.READY,
        not_leased(now),
        blindly_answered(),
        ~_with(Decision.gold.is_(True)),
        ~_with(Decision.source.in_((Source.SECOND_PASS, Source.ASKED_AGAIN, Source.REVIEW))),
        ~_just_had(annotator_id, now - REMEMBERED_SECONDS if remembered_since is None else remembered_since),
    )
    yield from _oldest(session, wanted)


def _oldest(session: Session, wanted: ColumnElement[bool]) -> Iterator[Labelled]:
    """Oldest labels first; where none of those is wanted, a stretch from anywhere in the log.

    Others wait for their clips meanwhile: no call looks at the whole log, and the next one looks elsewhere.
    """
    yield from _labelled(session, wanted, after=0)
    newest = newest_decision_id(session)
    if newest > LOOKED_AT:
        yield from _labelled(session, wanted, after=random.randrange(newest))


def _labelled(session: Session, wanted: ColumnElement[bool], *, after: int) -> Iterator[Labelled]:
    labelled = live_query().where(Decision.answer == Answer.LABEL, wanted).join(Clip, Clip.id == Decision.clip_id)
    query = labelled.with_only_columns(Decision.id, Clip.id, Clip.file_name).order_by(Decision.id).limit(_AT_A_TIME)
    query = query.where(Decision.id <= after + LOOKED_AT)
    last = after
    while rows := session.execute(query.where(Decision.id > last)).all():
        yield from ((clip, file_name) for _, clip, file_name in rows)
        last = rows[-1][0]


def _with(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """SQL condition on `Clip`: one of its standing answers is such a one."""
    return live_query().where(Decision.clip_id == Clip.id, condition).correlate(Clip).exists()


def _just_had(annotator_id: int, since: float) -> ColumnElement[bool]:
    """SQL condition on `Clip`: the annotator answered it, or had it on screen, a short while ago."""
    answers = select(literal(1)).where(Decision.clip_id == Clip.id, Decision.annotator_id == annotator_id)
    had = select(literal(1)).where(Lease.clip_id == Clip.id, Lease.annotator_id == annotator_id)
    answered = answers.where(Decision.created_at > since).correlate(Clip).exists()
    return answered | had.where(Lease.created_at > since).correlate(Clip).exists()


def relabels_so_far(session: Session, now: float) -> tuple[int, int]:
    """How many were asked again, and how many were served at all, among the newest answers and what is out under leases.

    Only the newest, so that a share that is set late is not made up for by a long row of second questions.
    """
    served = live_query().where(Decision.lease_id.is_not(None), Decision.source != Source.GRID)
    newest = served.with_only_columns(source_column()).order_by(Decision.id.desc()).limit(_RECENT)
    out = select(Lease.source).where(is_open(now), Lease.source != Source.GRID)
    sources = [*session.scalars(newest), *map(lease_source, session.scalars(out))]
    return sources.count(Source.SECOND_PASS), len(sources)
