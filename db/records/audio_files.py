"""The audio files that clips in service lie in: to look at all of them, and to find those again that were moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from db.models import AudioFile, Clip, ClipAlias, ClipState
from db.records.clips import ClipAudio, clip_audio

_AT_A_TIME = 2000


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


def files_in_use(session: Session) -> Iterator[FileInUse]:
    """All of them, in the order of their ids; read in portions."""
    used = select(Clip.file_id).where(Clip.state == ClipState.READY)
    query = select(AudioFile.id, AudioFile.path, AudioFile.size, AudioFile.mtime_ns, AudioFile.content_hash)
    query = query.where(AudioFile.id.in_(used)).order_by(AudioFile.id)
    for row in session.execute(query, execution_options={"yield_per": _AT_A_TIME}):
        yield FileInUse(*row)


def files_with_ids(session: Session, file_ids: Sequence[int]) -> list[FileInUse]:
    """Those with these ids."""
    query = select(AudioFile.id, AudioFile.path, AudioFile.size, AudioFile.mtime_ns, AudioFile.content_hash)
    return [FileInUse(*row) for row in session.execute(query.where(AudioFile.id.in_(file_ids)))]


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
