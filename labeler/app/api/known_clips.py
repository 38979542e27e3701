"""Where the audio of clips lies, kept in memory: with a good token, audio and pictures need no database.

A clip is noted when it is handed out. The requests for its audio and picture follow at once, and wait for nobody who writes. What
is kept may be out of date (the file has another path by now), so whoever cannot use it asks for it anew.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from sqlalchemy.orm import Session

from db.errors import ClipError
from db.models import Clip
from db.project import OpenProject
from db.records.clips import ClipAudio, clip_audio

MOST_KNOWN = 5000
"""Clips in memory, about a kilobyte each."""


@dataclass(frozen=True)
class KnownClip:
    """A clip, and the length in seconds of its whole file."""

    audio: ClipAudio
    file_seconds: float


class KnownClips:
    """The clips of one project that were handed out or asked for last. Any thread may use it."""

    def __init__(self, project: OpenProject, *, most: int = MOST_KNOWN) -> None:
        self._project = project
        self._most = most
        self._lock = threading.Lock()
        self._clips: OrderedDict[int, KnownClip] = OrderedDict()
        self._withdrawn_at = self._mark()

    def note(self, session: Session, clip_id: int) -> KnownClip:
        """Read a clip and keep it.

        Raises:
            ClipError: there is no such clip, or it was withdrawn.
        """
        audio = clip_audio(session, clip_id)
        found = KnownClip(audio, session.get_one(Clip, clip_id).file.duration)
        with self._lock:
            self._clips[clip_id] = found
            self._clips.move_to_end(clip_id)
            if len(self._clips) > self._most:
                self._clips.popitem(last=False)
        return found

    def kept(self, clip_id: int) -> KnownClip | None:
        """What is known without asking the database; None if nothing is, as after any clip was withdrawn."""
        withdrawn_at = self._mark()
        with self._lock:
            if withdrawn_at != self._withdrawn_at:
                self._clips.clear()
                self._withdrawn_at = withdrawn_at
            found = self._clips.get(clip_id)
            if found is not None:
                self._clips.move_to_end(clip_id)
            return found

    def read(self, clip_id: int) -> KnownClip:
        """What the database has now.

        Raises:
            ClipError: there is no such clip, or it was withdrawn.
        """
        with self._project.read() as session:
            try:
                return self.note(session, clip_id)
            except ClipError:
                with self._lock:
                    self._clips.pop(clip_id, None)
                raise

    def _mark(self) -> int:
        """When clips were withdrawn last; 0 for never."""
        try:
            return self._project.withdrawn_mark.stat().st_mtime_ns
        except OSError:
            return 0
