"""Which files and clips of a batch are registered already, so that an import that continues need not read them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import AudioFile, Clip, ClipState
from db.records.clips import NewFile


@dataclass(frozen=True)
class KnownClip:
    """A registered clip in service, under its own path and name; start and end in seconds."""

    clip_id: int
    start: float
    end: float
    content_hash: str


@dataclass(frozen=True)
class Known:
    """What is registered for the paths of a batch: files by path, clips by path and file name."""

    files: dict[str, list[NewFile]]
    clips: dict[tuple[str, str], list[KnownClip]]


def known_of(session: Session, paths: Sequence[str]) -> Known:
    """The registered files with these absolute paths, and their clips."""
    files: dict[str, list[NewFile]] = {}
    by_id: dict[int, NewFile] = {}
    for row in session.scalars(select(AudioFile).where(AudioFile.path.in_(paths))):
        names = ("path", "content_hash", "size", "mtime_ns", "sampling_rate", "channels", "duration")
        by_id[row.id] = NewFile(**{name: getattr(row, name) for name in names})
        files.setdefault(row.path, []).append(by_id[row.id])
    clips: dict[tuple[str, str], list[KnownClip]] = {}
    query = select(Clip.id, Clip.file_id, Clip.file_name, Clip.start, Clip.end)
    query = query.where(Clip.file_id.in_(by_id), Clip.state == ClipState.READY)
    for clip_id, file_id, name, start, end in session.execute(query):
        file = by_id[file_id]
        clips.setdefault((file.path, name), []).append(KnownClip(clip_id, start, end, file.content_hash))
    return Known(files, clips)
