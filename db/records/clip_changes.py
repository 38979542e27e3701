"""Changing a clip's details, and keeping what they were: so that an export as of an earlier time can be made again.

Also which clips were withdrawn.
"""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Clip, ClipChange, ClipState, Withdrawal


def withdrawn_clips(session: Session) -> list[int]:
    """The clips that were withdrawn, by number."""
    return list(session.scalars(select(Withdrawal.clip_id).order_by(Withdrawal.clip_id)))


def set_details(session: Session, clip: Clip, **details: Any) -> None:
    """Set columns of a clip (needs a write session). A row with the old values is added, of those columns that really change."""
    before = {name: getattr(clip, name) for name, value in details.items() if getattr(clip, name) != value}
    if before:
        session.add(ClipChange(clip_id=clip.id, before=before, created_at=time.time()))
        for name in before:
            setattr(clip, name, details[name])


def note_before(session: Session, file_id: int, **before: Any) -> None:
    """Note what all clips of a file were like that another table holds, such as its path (needs a write session)."""
    clip_ids = session.scalars(select(Clip.id).where(Clip.file_id == file_id, Clip.state != ClipState.WITHDRAWN)).all()
    now = time.time()
    session.add_all(ClipChange(clip_id=clip_id, before=before, created_at=now) for clip_id in clip_ids)
