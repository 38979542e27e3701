"""Inspects a row of an import source: the file is found, decoded and hashed, unless it is known and unchanged.

It runs in threads, so nothing here touches a database session: known clips come from `db.records.known_clips`, once for a batch.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace

from db.errors import AudioError
from db.imports.handed_over import HandedOverRow
from db.imports.manifest import LONGEST_NAME, WINDOWS_PATH, BadRow, SourceRow, is_too_long
from db.records.clips import SPAN_TOLERANCE, NewClip, NewFile
from db.records.known_clips import Known
from learner.audio.decoding import audio_info, content_hash, validate
from learner.audio.elsewhere.local_copy import status_of
from learner.audio.elsewhere.objects import ObjectStatus
from learner.audio.reader import END_TOLERANCE, AudioInfo, shown

_REMEMBERED_HASHES = 10_000

Status = os.stat_result | ObjectStatus


@dataclass(frozen=True)
class Inspected:
    """A row with what was found on disk: a new clip, one that is registered already, or the reason why it cannot be a clip."""

    row: SourceRow | BadRow
    clip: NewClip | None = None
    known_id: int | None = None
    reason: str | None = None
    remarks: tuple[str, ...] = ()
    """Sentences on what somebody should know of a new clip though it can be used."""
    kind: str | None = None
    """Given with a reason that a remark on the source explains for all rows of this kind."""
    handed: HandedOverRow | None = None
    """Where the source hands over answers or suggestions with the clip."""


class Inspector:
    """Inspects files for one import; remembers the hashes of files that several rows name."""

    def __init__(self) -> None:
        self._hashes: dict[str, tuple[int, int, str]] = {}
        self._rates: dict[tuple[str, int, int], int] = {}

    def inspect(self, row: SourceRow | BadRow | HandedOverRow, known: Known) -> Inspected:
        """Inspect a row; whatever is wrong with the file becomes the reason, never an exception."""
        if isinstance(row, HandedOverRow):
            return replace(self.inspect(row.clip, known), handed=row)
        if isinstance(row, BadRow):
            return Inspected(row, reason=row.reason, kind=row.kind)
        try:
            if is_too_long(row.path):
                return Inspected(
                    row, reason=f"Its path is longer than {LONGEST_NAME} bytes; move the file up or shorten its name."
                )
            status = status_of(row.path)
            if not stat.S_ISREG(status.st_mode):
                return Inspected(row, reason=f"{shown(row.path)} is {_kind(status.st_mode)}; name an audio file.")
            row = self._in_seconds(row, known, status)
            known_id = _same(known, row, status)
            if known_id is not None:
                return Inspected(row, known_id=known_id)
            info = validate(row.path, start=row.start or 0.0, end=row.end)
            return Inspected(row, clip=self._new_clip(row, known, status, info), remarks=info.remarks)
        except AudioError as error:
            return Inspected(row, reason=str(error))
        except FileNotFoundError:
            if row.if_missing is not None:
                return Inspected(row, reason=row.if_missing, kind=WINDOWS_PATH)
            return Inspected(row, reason=f"{shown(row.path)} does not exist; put the file back or correct its path.")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            return Inspected(row, reason=f"{shown(row.path)} cannot be read ({reason}); check its path and permissions.")

    def _new_clip(self, row: SourceRow, known: Known, status: Status, info: AudioInfo) -> NewClip:
        digest = self._hash(row.path, known, status)
        now = status_of(row.path)
        if (now.st_size, now.st_mtime_ns) != (status.st_size, status.st_mtime_ns):
            raise AudioError(f"{shown(row.path)} was changed while it was read; import it again once it is complete.")
        file = NewFile(
            path=row.path,
            content_hash=digest,
            size=status.st_size,
            mtime_ns=status.st_mtime_ns,
            sampling_rate=info.sampling_rate,
            channels=info.channels,
            duration=info.duration,
        )
        start, end = _span(row, info.duration)
        return NewClip(
            file=file,
            file_name=row.file_name,
            start=start,
            end=end,
            speaker=row.speaker,
            transcript=row.transcript,
            split=row.split,
            extra=row.extra,
        )

    def _in_seconds(self, row: SourceRow, known: Known, status: Status) -> SourceRow:
        if not row.in_samples:
            return row
        same = (status.st_size, status.st_mtime_ns)
        rate = next((file.sampling_rate for file in known.files.get(row.path, []) if (file.size, file.mtime_ns) == same), None)
        if rate is None:
            rate = self._rates.get((row.path, *same)) or audio_info(row.path).sampling_rate
            self._rates = {(row.path, *same): rate}
        start, end = (None if time is None else time / rate for time in (row.start, row.end))
        return replace(row, start=start, end=end, in_samples=False)

    def _hash(self, path: str, known: Known, status: Status) -> str:
        """SHA-256 of the bytes, computed once for all the spans of a file."""
        for file in known.files.get(path, []):
            if (file.size, file.mtime_ns) == (status.st_size, status.st_mtime_ns):
                return file.content_hash
        size, mtime_ns, digest = self._hashes.get(path, (-1, -1, ""))
        if (size, mtime_ns) != (status.st_size, status.st_mtime_ns):
            digest = content_hash(path)
            if len(self._hashes) >= _REMEMBERED_HASHES:
                self._hashes.clear()
            self._hashes[path] = (status.st_size, status.st_mtime_ns, digest)
        return digest


def _span(row: SourceRow, duration: float) -> tuple[float, float]:
    """Start and end in seconds; an end that was rounded up past the end of the file is the end of the file."""
    return row.start or 0.0, duration if row.end is None else min(row.end, duration)


def _same(known: Known, row: SourceRow, status: Status) -> int | None:
    """The clip that this row already is, when its file has not changed since."""
    for file in known.files.get(row.path, []):
        unchanged = (file.size, file.mtime_ns) == (status.st_size, status.st_mtime_ns)
        if not unchanged or (row.end is not None and row.end > file.duration + END_TOLERANCE):
            continue
        start, end = _span(row, file.duration)
        for clip in known.clips.get((row.path, row.file_name), []):
            close = abs(clip.start - start) <= SPAN_TOLERANCE and abs(clip.end - end) <= SPAN_TOLERANCE
            if close and clip.content_hash == file.content_hash:
                return clip.clip_id
    return None


def _kind(mode: int) -> str:
    for test, kind in (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if test(mode):
            return kind
    return "not a regular file"
