"""Serving clips that a lead has asked again: before the ranked queue, blind, and to somebody who has not answered them last.

Whoever answered a clip last would give their answer again. They get it only where nobody else labels in the project, or when
nothing else is left for them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from db.decisions.asked_again import is_open, newest_wish_id
from db.decisions.conditions import given_in_app, given_on_review
from db.decisions.log import live_query
from db.models import AskedAgain, Clip, ClipState, Decision
from db.records.leases import not_leased

LOOKED_AT = 1000
"""Wishes looked at in one stretch: others wait for their clips meanwhile."""
_AT_A_TIME = 50

Wanted = tuple[int, str]
"""Clip id and file name."""


def asked_again(session: Session, *, annotator_id: int, now: float, from_memory: bool = False) -> Iterator[Wanted]:
    """Clips with an open wish that the annotator may answer, the oldest of the newest wishes first.

    Old wishes are fulfilled, as a rule. So no call looks at all of them, but at the newest ones and at a stretch of the others,
    each time at another one.

    Args:
        session: reads.
        annotator_id: for whom.
        now: by the clock of the leases.
        from_memory: also those that this annotator answered last.
    """
    newest = newest_wish_id(session)
    if newest == 0:
        return
    wanted = _wanted(now)
    if not from_memory and _others_label(session, annotator_id):
        wanted = wanted.where(_last_to_answer() != annotator_id)
    recent = max(newest - LOOKED_AT, 0)
    yield from _stretch(session, wanted, after=recent)
    if recent:
        yield from _stretch(session, wanted, after=random.randrange(recent))


def _stretch(session: Session, wanted: Select[int, int, str], *, after: int) -> Iterator[Wanted]:
    stretch, last = wanted.where(AskedAgain.id <= after + LOOKED_AT).limit(_AT_A_TIME), after
    while rows := session.execute(stretch.where(AskedAgain.id > last)).all():
        yield from ((clip, file_name) for _, clip, file_name in rows)
        last = rows[-1][0]


def _wanted(now: float) -> Select[int, int, str]:
    query = select(AskedAgain.id, Clip.id, Clip.file_name).select_from(AskedAgain).join(Clip, Clip.id == AskedAgain.clip_id)
    return query.where(Clip.state == ClipState.READY, is_open(), not_leased(now)).order_by(AskedAgain.id)


def _last_to_answer() -> ColumnElement[int]:
    last = live_query().where(Decision.clip_id == Clip.id).with_only_columns(Decision.annotator_id)
    return func.coalesce(last.order_by(Decision.id.desc()).limit(1).correlate(Clip).scalar_subquery(), 0)


def _others_label(session: Session, annotator_id: int) -> bool:
    """Whether anybody else has answered clips that they were asked about."""
    asked = select(Decision.id).where(Decision.annotator_id != annotator_id, given_in_app(), ~given_on_review())
    return session.scalars(asked.limit(1)).first() is not None
