"""The audio files that clips in service lie in: to look at all of them, and to find those again that were moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from db.models import AudioFile, Clip, ClipAlias, ClipState, Decision
from db.records.clip_changes import note_before
from db.records.clips import ClipAudio, clip_audio

_COLUMNS = select(AudioFile.id, AudioFile.path, AudioFile.size, AudioFile.mtime_ns, AudioFile.content_hash)


@dataclass(frozen=True)
class FileInUse:
    """A file as it was when it was imported."""

    id: int
    path: str
    size: int
    mtime_ns: int
    content_hash: str


def count_files_in_use(session: Session) -> int:
    """How many there are."""
    return session.scalar(select(func.count(Clip.file_id.distinct())).where(Clip.state == ClipState.READY)) or 0


def files_in_use(session: Session, *, after: int, most: int) -> list[FileInUse]:
    """The next ones in the order of their ids, beginning after this id."""
    used = exists().where(Clip.file_id == AudioFile.id, Clip.state == ClipState.READY)
    query = _COLUMNS.where(AudioFile.id > after, used).order_by(AudioFile.id).limit(most)
    return [FileInUse(*row) for row in session.execute(query)]


def files_of_content(session: Session, content_hash: str) -> list[FileInUse]:
    """Those that had these bytes."""
    return [FileInUse(*row) for row in session.execute(_COLUMNS.where(AudioFile.content_hash == content_hash))]


def random_clips(session: Session, count: int | None) -> list[int]:
    """Ids of clips in service, drawn at random; all of them in order if there is no `count`."""
    query = select(Clip.id).where(Clip.state == ClipState.READY)
    query = query.order_by(Clip.id) if count is None else query.order_by(func.random()).limit(count)
    return list(session.scalars(query))


def audio_of(session: Session, clip_ids: Sequence[int]) -> list[ClipAudio]:
    """Where the audio of these clips lies."""
    return [clip_audio(session, clip_id) for clip_id in clip_ids]


def relink(session: Session, file_id: int, *, path: str, size: int, mtime_ns: int) -> None:
    """Note that the same bytes lie under another path now: its clips, and all that is known of them, go with it."""
    file = session.get_one(AudioFile, file_id)
    there = session.scalars(select(AudioFile).where(AudioFile.path == path, AudioFile.content_hash == file.content_hash)).first()
    note_before(session, file.id, path=file.path)
    if there is None:
        there = file
        file.path = path
    elif there is not file:
        # The path is known: it was imported as another name of the same bytes.
        session.execute(update(Clip).where(Clip.file_id == file.id).values(file_id=there.id))
    there.size, there.mtime_ns = size, mtime_ns
    its_clips = select(Clip.id, Clip.file_name).where(Clip.file_id == there.id)
    for clip_id, file_name in session.execute(its_clips).all():
        same = (ClipAlias.clip_id == clip_id, ClipAlias.path == path, ClipAlias.file_name == file_name)
        session.execute(delete(ClipAlias).where(*same))
    session.flush()


def answered_bytes(session: Session) -> int:
    """How many bytes the files have of which somebody answered a clip."""
    files = select(Clip.file_id).where(Clip.id.in_(select(Decision.clip_id)), Clip.state != ClipState.WITHDRAWN)
    return session.scalar(select(func.sum(AudioFile.size)).where(AudioFile.id.in_(files))) or 0
