"""Taking clips out for good, for example because a speaker withdrew consent: what the database then still knows of them.

What stays is a tombstone: the clip's number, the hash of its bytes and its span (so that the same audio is not taken again), when
and why it was withdrawn, and its answers in the log, which count nowhere any more. What it was called, who speaks, what is spoken
and every other detail is gone. Files beside the database are the business of `learner.withdrawal`.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session, aliased

from db.errors import ClipError
from db.models import (
    AskedAgain,
    AudioFile,
    Clip,
    ClipAlias,
    ClipChange,
    ClipState,
    Comment,
    Flag,
    Lease,
    QueueEntry,
    Rejection,
    Suggestion,
    Withdrawal,
)
from db.records.portions import portions


@dataclass(frozen=True)
class ToWithdraw:
    """A clip that could be withdrawn, as it is called now."""

    clip_id: int
    file_name: str
    path: str


@dataclass(frozen=True)
class WithdrawnAudio:
    """All that is known of the audio of a withdrawn clip; start and end in seconds."""

    clip_id: int
    content_hash: str
    start: float
    end: float


def clips_to_withdraw(
    session: Session, *, clip_id: int | None = None, file_name: str | None = None, speaker: str | None = None
) -> list[ToWithdraw]:
    """The clips with this number, this file name (or alias), or this speaker, whether in service or not; by number.

    Raises:
        ClipError: there is none, or it was withdrawn already.
    """
    query = select(Clip.id, Clip.file_name, AudioFile.path).join(AudioFile, AudioFile.id == Clip.file_id)
    query = query.where(_wanted(clip_id, file_name, speaker), Clip.state != ClipState.WITHDRAWN).order_by(Clip.id)
    found = [ToWithdraw(*row) for row in session.execute(query)]
    if found:
        return found
    if clip_id is not None:
        gone = session.scalars(select(Clip.id).where(_wanted(clip_id, None, None))).first() is not None
        raise ClipError(
            f"The clip {clip_id} was withdrawn already." if gone else f"There is no clip {clip_id}; check the number."
        )
    what = f"clip {file_name!r}" if file_name is not None else f"clip of a speaker {speaker!r}"
    raise ClipError(f"There is no {what}; check the name (what was withdrawn has none any more).")


def withdraw_clips(session: Session, clip_ids: Sequence[int], *, reason: str | None, by: str | None = None) -> list[int]:
    """Take clips out for good (needs a write session that nobody else writes beside). Those that were withdrawn stay as they are.

    Args:
        reason: kept for ever; it should not name the person.
        by: who withdrew them.

    Returns:
        The clips that are withdrawn now and were not before.
    """
    now = time.time()
    clips = [clip for part in portions(clip_ids) for clip in _not_withdrawn(session, part)]
    session.add_all(Withdrawal(clip_id=clip.id, reason=reason, withdrawn_by=by, created_at=now) for clip in clips)
    for clip in clips:
        clip.state, clip.problem, clip.file_name = ClipState.WITHDRAWN, None, f"withdrawn clip {clip.id}"
        clip.speaker = clip.transcript = clip.split = None
        clip.extra = {}
    session.flush()
    for part in portions([clip.id for clip in clips]):
        _forget(session, part, now)
    for hashes in portions(sorted({clip.content_hash for clip in clips})):
        _forget_files(session, hashes)
    return [clip.id for clip in clips]


def withdrawn_audio(session: Session) -> list[WithdrawnAudio]:
    """The audio of every withdrawn clip."""
    query = select(Clip.id, Clip.content_hash, Clip.start, Clip.end).where(Clip.state == ClipState.WITHDRAWN)
    return [WithdrawnAudio(*row) for row in session.execute(query.order_by(Clip.id))]


def hashes_without_clips(session: Session) -> set[str]:
    """The hashes of files of which all clips were withdrawn."""
    kept = select(Clip.content_hash).where(Clip.state != ClipState.WITHDRAWN)
    gone = select(Clip.content_hash).where(Clip.state == ClipState.WITHDRAWN, Clip.content_hash.not_in(kept))
    return set(session.scalars(gone))


def overlapping_clips(session: Session, clip_ids: Sequence[int]) -> int:
    """How many other clips hold a part of the same audio: other spans of the same recording."""
    other = aliased(Clip)
    same = and_(other.content_hash == Clip.content_hash, other.start < Clip.end, other.end > Clip.start)
    found: set[int] = set()
    for part in portions(clip_ids):
        query = select(other.id).select_from(Clip).join(other, same)
        found |= set(session.scalars(query.where(Clip.id.in_(part), other.state != ClipState.WITHDRAWN)))
    return len(found.difference(clip_ids))


def _wanted(clip_id: int | None, file_name: str | None, speaker: str | None) -> ColumnElement[bool]:
    if clip_id is not None:
        # A number too large for the column is treated like any other clip that does not exist.
        return Clip.id == (clip_id if 0 < clip_id < 2**31 else 0)
    if file_name is not None:
        # macOS writes accented letters in file names as two characters, most lists write them as one.
        names = {file_name, *(unicodedata.normalize(form, file_name) for form in ("NFC", "NFD"))}
        aliases = select(ClipAlias.clip_id).where(ClipAlias.file_name.in_(names))
        return or_(Clip.file_name.in_(names), Clip.id.in_(aliases))
    if speaker is None:
        raise ClipError("Nothing says which clips to withdraw; name a clip, a file or a speaker.")
    return Clip.speaker == speaker


def _not_withdrawn(session: Session, clip_ids: Sequence[int]) -> Sequence[Clip]:
    query = select(Clip).where(Clip.id.in_(clip_ids), Clip.state != ClipState.WITHDRAWN)
    return session.scalars(query.order_by(Clip.id)).all()


def _forget(session: Session, clip_ids: Sequence[int], now: float) -> None:
    """All that other tables know of the clips, but their answers and feature rows."""
    for table in (QueueEntry, ClipAlias, ClipChange, Suggestion, Comment, AskedAgain):
        session.execute(delete(table).where(table.clip_id.in_(clip_ids)))
    session.execute(update(Lease).where(Lease.clip_id.in_(clip_ids), Lease.released_at.is_(None)).values(released_at=now))
    session.execute(update(Flag).where(Flag.clip_id.in_(clip_ids)).values(note=""))


def _forget_files(session: Session, hashes: Sequence[str]) -> None:
    """Why lines of these files were rejected, and the paths of those of which no clip is left."""
    paths = select(AudioFile.path).where(AudioFile.content_hash.in_(hashes))
    session.execute(delete(Rejection).where(Rejection.path.in_(paths)), execution_options={"synchronize_session": False})
    kept = select(Clip.content_hash).where(Clip.content_hash.in_(hashes), Clip.state != ClipState.WITHDRAWN)
    files = select(AudioFile).where(AudioFile.content_hash.in_(hashes), AudioFile.content_hash.not_in(kept))
    for file in session.scalars(files).all():
        file.path, file.size, file.mtime_ns = f"withdrawn file {file.id}", 0, 0
    session.flush()
