"""Clips: registering them, finding them, and listing those that still lack features.

A clip is identified by its bytes and span. The same bytes under another path are an alias of the clip. A path whose bytes changed
is a new clip, and the old one is set aside (its decisions stay).
"""

from __future__ import annotations

import random
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select
from sqlalchemy.orm import Session

from db.errors import ClipError
from db.models import AudioFile, Clip, ClipAlias, ClipState, FeatureRow, Rejection
from db.records.clip_changes import set_details

SPAN_TOLERANCE = 0.0005
"""Seconds within which two spans are the same: half a millisecond."""

_GONE = (ClipState.REPLACED, ClipState.WITHDRAWN)
"""Clips that no name means any more."""

Outcome = Literal["added", "known", "alias", "renewed"]


@dataclass(frozen=True, kw_only=True)
class NewFile:
    """An audio file as it was found: absolute path, SHA-256 of its bytes, and its shape."""

    path: str
    content_hash: str
    size: int
    mtime_ns: int
    sampling_rate: int
    channels: int
    duration: float


@dataclass(frozen=True, kw_only=True)
class NewClip:
    """A line of an import source: a span of a file in seconds, with the details that the source gives."""

    file: NewFile
    file_name: str
    start: float
    end: float
    speaker: str | None = None
    transcript: str | None = None
    split: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Registered:
    """What became of a new clip; `renewed` means that the path held other bytes before."""

    clip_id: int
    outcome: Outcome


@dataclass(frozen=True, kw_only=True)
class ClipAudio:
    """Where a clip's audio lies; start and end in seconds."""

    clip_id: int
    file_name: str
    path: str
    start: float
    end: float
    whole: bool
    content_hash: str
    """Empty for audio that belongs to no project."""
    sampling_rate: int
    channels: int
    size: int = -1
    mtime_ns: int = -1
    """Size and modification time of the file when it was imported."""

    @property
    def duration(self) -> float:
        """Seconds of the span."""
        return self.end - self.start


def register_clip(session: Session, new: NewClip, *, rng: random.Random) -> Registered:
    """Add a clip, or recognise one that is there already; the slice key of a new clip is drawn from `rng`.

    Raises:
        ClipError: the same audio, or a part of it, was withdrawn.
    """
    found = _same_clip(session, new)
    if found is not None:
        return _recognised(session, found, new)
    _refuse_withdrawn(session, new)
    file = _file_row(session, new.file)
    replaced = _set_aside_replaced(session, new.file)
    clip = Clip(
        file_id=file.id,
        content_hash=new.file.content_hash,
        file_name=new.file_name,
        start=new.start,
        end=new.end,
        speaker=new.speaker,
        transcript=new.transcript,
        split=new.split,
        extra=new.extra,
        slice_key=rng.getrandbits(62),
        state=ClipState.READY,
        created_at=time.time(),
    )
    session.add(clip)
    session.flush()
    return Registered(clip.id, "renewed" if replaced else "added")


def _same_clip(session: Session, new: NewClip) -> Clip | None:
    query = select(Clip).where(
        Clip.content_hash == new.file.content_hash,
        Clip.start.between(new.start - SPAN_TOLERANCE, new.start + SPAN_TOLERANCE),
        Clip.end.between(new.end - SPAN_TOLERANCE, new.end + SPAN_TOLERANCE),
        Clip.state != ClipState.WITHDRAWN,
    )
    return session.scalars(query).first()


def _refuse_withdrawn(session: Session, new: NewClip) -> None:
    # The hash is hidden from the planners: withdrawn clips are few, and the spans of one file may be very many.
    same_bytes = func.coalesce(Clip.content_hash, "") == new.file.content_hash
    overlaps = and_(Clip.start < new.end - SPAN_TOLERANCE, Clip.end > new.start + SPAN_TOLERANCE)
    overlaps = or_(overlaps, and_(Clip.start == new.start, Clip.end == new.end))
    query = select(Clip.id).where(Clip.state == ClipState.WITHDRAWN, same_bytes, overlaps).limit(1)
    withdrawn = session.scalars(query).first()
    if withdrawn is not None:
        raise ClipError(f"This audio was withdrawn (clip {withdrawn}), so it is not taken again; leave it out of the import.")


def _recognised(session: Session, clip: Clip, new: NewClip) -> Registered:
    """The clip is there already: under the same path, under another (an alias), or set aside and now back."""
    path = new.file.path
    if clip.state != ClipState.READY:
        replaced = _set_aside_replaced(session, new.file)
        file_id = _file_row(session, new.file).id
        set_details(session, clip, file_id=file_id, file_name=new.file_name, state=ClipState.READY)
        clip.problem = None
        session.flush()
        return Registered(clip.id, "renewed" if replaced else "known")
    if clip.file.path == path and clip.file_name == new.file_name:
        return Registered(clip.id, "known")
    alias = session.scalars(
        select(ClipAlias).where(ClipAlias.clip_id == clip.id, ClipAlias.path == path, ClipAlias.file_name == new.file_name)
    ).first()
    if alias is not None:
        return Registered(clip.id, "known")
    _file_row(session, new.file)
    _set_aside_replaced(session, new.file)
    session.add(ClipAlias(clip_id=clip.id, file_name=new.file_name, path=path, created_at=time.time()))
    session.flush()
    return Registered(clip.id, "known" if clip.file.path == path else "alias")


def _file_row(session: Session, new: NewFile) -> AudioFile:
    found = session.scalars(
        select(AudioFile).where(AudioFile.path == new.path, AudioFile.content_hash == new.content_hash)
    ).first()
    if found is None:
        found = AudioFile(**vars(new))
        session.add(found)
    else:
        found.size, found.mtime_ns = new.size, new.mtime_ns
    session.flush()
    return found


def _set_aside_replaced(session: Session, new: NewFile) -> bool:
    """Take clips of this path with other bytes out of service; an alias that still holds their bytes takes over."""
    other = select(AudioFile.id).where(AudioFile.path == new.path, AudioFile.content_hash != new.content_hash)
    if session.scalars(other.limit(1)).first() is None:
        # This is nearly always so, and quick to find out; a search for aliases of the path would read all aliases.
        return False
    old = session.scalars(
        select(Clip)
        .join(AudioFile, Clip.file_id == AudioFile.id)
        .where(AudioFile.path == new.path, AudioFile.content_hash != new.content_hash, Clip.state.not_in(_GONE))
    ).all()
    for clip in old:
        alias = session.scalars(select(ClipAlias).where(ClipAlias.clip_id == clip.id, ClipAlias.path != new.path)).first()
        heir = (
            alias
            and session.scalars(
                select(AudioFile).where(AudioFile.path == alias.path, AudioFile.content_hash == clip.content_hash)
            ).first()
        )
        if alias and heir:
            set_details(session, clip, file_id=heir.id, file_name=alias.file_name)
            session.delete(alias)
        else:
            set_details(session, clip, state=ClipState.REPLACED)
            clip.problem = f"{new.path if new.path.startswith('/') else clip.file_name} holds other audio now."
    stale = select(ClipAlias.id).join(Clip, Clip.id == ClipAlias.clip_id)
    stale = stale.where(ClipAlias.path == new.path, Clip.content_hash != new.content_hash)
    session.execute(delete(ClipAlias).where(ClipAlias.id.in_(stale)))
    session.flush()
    return bool(old)


def find_clip(
    session: Session,
    *,
    file_name: str | None = None,
    clip_id: int | None = None,
    start: float | None = None,
    end: float | None = None,
) -> Clip:
    """The one clip with this id, or with this file name (or alias) and span in seconds.

    Raises:
        ClipError: no clip fits, several do, or it was withdrawn.
    """
    if clip_id is not None:
        # A number too large for the column is treated like any other clip that does not exist.
        found = session.get(Clip, clip_id) if 0 < clip_id < 2**31 else None
        if found is None:
            raise _no_clip(clip_id)
        if found.state == ClipState.WITHDRAWN:
            raise ClipError(f"The clip {clip_id} was withdrawn and cannot be used; `earmark queue` lists other clips.")
        return found
    clips = _named(session, [file_name], start, end)
    if not clips and file_name is not None and not file_name.isascii():
        # macOS writes accented letters in file names as two characters, most lists write them as one.
        clips = _named(session, [unicodedata.normalize(form, file_name) for form in ("NFC", "NFD")], start, end)
    if not clips:
        raise ClipError(f"There is no clip {file_name!r}{_span_in_words(start, end)}; import it first or check the name.")
    if len(clips) > 1:
        raise ClipError(
            f"Several clips are called {file_name!r}{_span_in_words(start, end)}; add start and end, or use the clip number."
        )
    return clips[0]


def _no_clip(clip_id: int) -> ClipError:
    return ClipError(f"There is no clip {clip_id}; `earmark queue` lists clips by number and file name.")


def _named(session: Session, names: Sequence[str | None], start: float | None, end: float | None) -> Sequence[Clip]:
    """Up to two clips that have one of the names, themselves or as an alias."""
    aliases = select(ClipAlias.clip_id).where(ClipAlias.file_name.in_(names))
    query = select(Clip).where(or_(Clip.file_name.in_(names), Clip.id.in_(aliases)), Clip.state.not_in(_GONE), *_span(start, end))
    return session.scalars(query.limit(2)).all()


def _span(start: float | None, end: float | None) -> list[ColumnElement[bool]]:
    """The conditions on the span: a whole file may be named with or without it, so only what is given narrows the search."""
    wanted = [(Clip.start, start), (Clip.end, end)]
    return [column.between(value - SPAN_TOLERANCE, value + SPAN_TOLERANCE) for column, value in wanted if value is not None]


def _span_in_words(start: float | None, end: float | None) -> str:
    return "" if start is None and end is None else f" from {start} s to {end} s"


def mark_broken(session: Session, clip_id: int, problem: str) -> None:
    """Take a clip that cannot be decoded out of service; its decisions stay. One that was withdrawn meanwhile stays withdrawn."""
    clip = session.get(Clip, clip_id)
    if clip is None:
        raise _no_clip(clip_id)
    if clip.state != ClipState.WITHDRAWN:
        set_details(session, clip, state=ClipState.BROKEN)
        clip.problem = problem


def record_rejection(session: Session, *, file_name: str, path: str, reason: str) -> None:
    """Remember why a line or file did not become a clip; the newest reason counts."""
    found = session.scalars(select(Rejection).where(Rejection.path == path, Rejection.file_name == file_name)).first()
    if found is None:
        session.add(Rejection(file_name=file_name, path=path, reason=reason, created_at=time.time()))
    else:
        found.reason = reason
    session.flush()


def clear_rejection(session: Session, *, file_name: str, path: str) -> None:
    """Forget a rejection: what was rejected is a clip now."""
    session.execute(delete(Rejection).where(Rejection.path == path, Rejection.file_name == file_name))


def clip_audio(session: Session, clip_id: int) -> ClipAudio:
    """Where the clip's audio lies.

    Raises:
        ClipError: there is no such clip, or it was withdrawn.
    """
    row = session.execute(_audio_query().where(Clip.id == clip_id, Clip.state != ClipState.WITHDRAWN)).first()
    if row is None:
        raise _no_clip(clip_id)
    return _clip_audio(row[0], row[1])


def ready_clips_without_features(
    session: Session, feature_set_id: int, *, first_in_key_order: int | None = None
) -> list[ClipAudio]:
    """Clips in service that the feature set lacks, in the order of their ids.

    Args:
        first_in_key_order: look only at this many clips, the first ones in the order of the random slice.
    """
    joined = and_(FeatureRow.clip_id == Clip.id, FeatureRow.feature_set_id == feature_set_id)
    query = _audio_query().outerjoin(FeatureRow, joined)
    if first_in_key_order is not None:
        first = select(Clip.id).where(Clip.state == ClipState.READY).order_by(Clip.slice_key, Clip.id).limit(first_in_key_order)
        query = query.where(Clip.id.in_(select(first.subquery().c.id)))
    query = query.where(FeatureRow.clip_id.is_(None), Clip.state == ClipState.READY).order_by(Clip.id)
    # Read in portions: all rows of a large project as objects at once would take gigabytes.
    return [_clip_audio(clip, file) for clip, file in session.execute(query.execution_options(yield_per=1000))]


def any_transcripts(session: Session) -> bool:
    """Whether any clip has a transcript, so that a page keeps room for one."""
    return session.scalars(select(Clip.id).where(Clip.transcript.is_not(None)).limit(1)).first() is not None


def ready_paths(session: Session) -> list[str]:
    """Paths of the files that have clips in service, sorted."""
    query = select(AudioFile.path).join(Clip, Clip.file_id == AudioFile.id).where(Clip.state == ClipState.READY).distinct()
    return sorted(session.scalars(query))


def _audio_query() -> Select[Clip, AudioFile]:
    return select(Clip, AudioFile).join(AudioFile, AudioFile.id == Clip.file_id)


def _clip_audio(clip: Clip, file: AudioFile) -> ClipAudio:
    return ClipAudio(
        clip_id=clip.id,
        file_name=clip.file_name,
        path=file.path,
        start=clip.start,
        end=clip.end,
        whole=clip.start <= SPAN_TOLERANCE and clip.end >= file.duration - SPAN_TOLERANCE,
        content_hash=clip.content_hash,
        sampling_rate=file.sampling_rate,
        channels=file.channels,
        size=file.size,
        mtime_ns=file.mtime_ns,
    )
