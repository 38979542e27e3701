"""Remarks about clips between annotators and leads. Rows are only added.

Who labels must not learn from others what to answer: an annotator sees their own remarks, and those of others only on clips that
they remarked on and have answered. Leads see everything.
"""

from __future__ import annotations

import time
import uuid as uuids
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Subquery, func, select
from sqlalchemy.orm import Session, aliased

from db.decisions.log import checked_uuid, refuse_gone, standing_query
from db.errors import DecisionError
from db.models import Annotator, Clip, ClipState, Comment, Decision

MOST_CHARACTERS = 1000


@dataclass(frozen=True)
class Remark:
    """One remark."""

    id: int
    annotator_id: int
    annotator: str
    text: str
    """Empty where somebody only settled the clip's remarks."""
    settled: bool
    created_at: float


@dataclass(frozen=True)
class Thread:
    """The remarks on one clip, oldest first."""

    clip_id: int
    file_name: str
    remarks: list[Remark] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether the newest remark still needs an answer."""
        return not self.remarks[-1].settled


def append_comment(
    session: Session, *, uuid: str | None, clip_id: int, annotator_id: int, text: str, settled: bool = False
) -> Comment:
    """Add a remark (needs a write session); idempotent by `uuid`.

    Args:
        uuid: made by the browser; None makes one here.
        text: without surrounding space it has 1 to `MOST_CHARACTERS` characters; it may be empty where it only settles.
        settled: whether the clip's remarks up to this one need no answer any more.

    Raises:
        DecisionError: the text is empty or too long, the UUID is malformed or that of another's remark, the clip is unknown or
            withdrawn.
    """
    uuid = checked_uuid(str(uuids.uuid4()) if uuid is None else uuid)
    stored = session.scalars(select(Comment).where(Comment.uuid == uuid)).first()
    if stored is not None:
        if stored.annotator_id != annotator_id or stored.clip_id != clip_id:
            raise DecisionError(f"The remark {uuid} is stored for another clip or annotator; make a new UUID for each remark.")
        return stored
    text = text.strip()
    if not (text or settled) or len(text) > MOST_CHARACTERS:
        raise DecisionError(f"A remark of {len(text)} characters cannot be kept; write 1 to {MOST_CHARACTERS}.")
    refuse_gone(session, clip_id)
    row = Comment(uuid=uuid, clip_id=clip_id, annotator_id=annotator_id, text=text, settled=settled, created_at=time.time())
    session.add(row)
    session.flush()
    return row


def threads(session: Session, *, limit: int, offset: int = 0) -> list[Thread]:
    """All remarks for leads, by clip: those that need an answer first, then the newest."""
    newest = func.max(Comment.id)
    last = aliased(Comment)
    by_clip = select(Comment.clip_id, newest.label("newest")).group_by(Comment.clip_id).subquery()
    query = select(by_clip.c.clip_id).join(last, last.id == by_clip.c.newest).join(Clip, Clip.id == by_clip.c.clip_id)
    query = query.where(Clip.state != ClipState.WITHDRAWN).order_by(last.settled, last.id.desc())
    return _threads(session, session.scalars(query.limit(limit).offset(offset)).all())


def open_threads(session: Session) -> int:
    """How many clips have remarks that need an answer."""
    newest = select(func.max(Comment.id)).group_by(Comment.clip_id)
    query = select(func.count()).select_from(Comment).where(Comment.id.in_(newest), Comment.settled.is_(False))
    return session.scalar(query) or 0


def own_remarks(session: Session, *, clip_id: int, annotator_id: int) -> list[Remark]:
    """What the annotator remarked on the clip on screen; nothing of others."""
    found = _threads(session, [clip_id], Comment.annotator_id == annotator_id)
    return found[0].remarks if found else []


def answered_threads(session: Session, *, annotator_id: int, limit: int = 20) -> list[Thread]:
    """The threads in which others wrote after the annotator, newest first; only of clips that the annotator has answered."""
    replies = _replies(annotator_id)
    newest = select(replies.c.clip_id).group_by(replies.c.clip_id).order_by(func.max(replies.c.id).desc()).limit(limit)
    return _threads(session, session.scalars(newest).all())


def newest_reply(session: Session, *, annotator_id: int) -> int:
    """Id of the newest remark that `answered_threads` shows of others; 0 without any."""
    return session.scalar(select(func.max(_replies(annotator_id).c.id))) or 0


def _replies(annotator_id: int) -> Subquery:
    """Id and clip of what others wrote after the annotator on clips that the annotator has answered."""
    mine, theirs = aliased(Comment), aliased(Comment)
    remarked = select(mine.id).where(mine.clip_id == theirs.clip_id, mine.annotator_id == annotator_id, mine.id < theirs.id)
    answered = standing_query().where(Decision.clip_id == theirs.clip_id, Decision.annotator_id == annotator_id)
    query = select(theirs.id, theirs.clip_id).where(theirs.annotator_id != annotator_id, theirs.text != "")
    return query.where(remarked.exists(), answered.correlate(theirs).exists()).subquery()


def _threads(session: Session, clip_ids: Collection[int], *conditions: ColumnElement[bool]) -> list[Thread]:
    """In the order of the ids."""
    found: dict[int, Thread] = {}
    query = (
        select(
            Clip.id, Clip.file_name, Comment.id, Annotator.id, Annotator.name, Comment.text, Comment.settled, Comment.created_at
        )
        .select_from(Comment)
        .join(Clip, Clip.id == Comment.clip_id)
        .join(Annotator, Annotator.id == Comment.annotator_id)
        .where(Clip.id.in_(clip_ids), *conditions)
        .order_by(Comment.id)
    )
    for clip, file_name, number, who, name, text, settled, at in session.execute(query):
        remark = Remark(number, who, name, text, settled, at)
        found.setdefault(clip, Thread(clip, file_name)).remarks.append(remark)
    return [found[clip] for clip in clip_ids if clip in found]
