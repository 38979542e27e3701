"""Flags: an annotator's note that somebody should check a clip. Rows are only added; each person's newest on a clip counts."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.decisions.log import checked_uuid, refuse_gone
from db.errors import DecisionError
from db.models import Annotator, Clip, ClipState, Flag


@dataclass(frozen=True)
class RaisedFlag:
    """A flag that stands."""

    clip_id: int
    file_name: str
    annotator: str
    note: str
    created_at: float


def append_flag(session: Session, *, uuid: str, clip_id: int, annotator_id: int, note: str, raised: bool = True) -> Flag:
    """Raise a flag on a clip, or take the annotator's own flag down; idempotent by `uuid`.

    Raises:
        DecisionError: the UUID is malformed or belongs to another clip or annotator, or the clip is unknown or withdrawn.
    """
    uuid = checked_uuid(uuid)
    stored = session.scalars(select(Flag).where(Flag.uuid == uuid)).first()
    if stored is not None:
        if stored.annotator_id != annotator_id or stored.clip_id != clip_id:
            raise DecisionError(f"The flag {uuid} is stored for another clip or annotator; make a new UUID for each flag.")
        return stored
    refuse_gone(session, clip_id)
    row = Flag(uuid=uuid, clip_id=clip_id, annotator_id=annotator_id, note=note, raised=raised, created_at=time.time())
    session.add(row)
    session.flush()
    return row


def own_flag(session: Session, *, clip_id: int, annotator_id: int) -> str | None:
    """The note of the annotator's standing flag on the clip; None without one."""
    query = select(Flag).where(Flag.clip_id == clip_id, Flag.annotator_id == annotator_id).order_by(Flag.id.desc()).limit(1)
    newest = session.scalars(query).first()
    return newest.note if newest is not None and newest.raised else None


def raised_flags(session: Session) -> list[RaisedFlag]:
    """The flags that stand, newest first."""
    newest = select(func.max(Flag.id)).group_by(Flag.clip_id, Flag.annotator_id)
    query = select(Flag.clip_id, Clip.file_name, Annotator.name, Flag.note, Flag.created_at)
    query = query.join(Clip, Clip.id == Flag.clip_id).join(Annotator, Annotator.id == Flag.annotator_id)
    query = query.where(Flag.id.in_(newest), Flag.raised, Clip.state != ClipState.WITHDRAWN).order_by(Flag.id.desc())
    return [RaisedFlag(*row) for row in session.execute(query)]
