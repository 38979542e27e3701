"""Notices that the guidelines were changed outside of the app, and keeps each version."""

from __future__ import annotations

import logging
import threading
import time

from db.decisions.guidelines import note_guidelines
from db.errors import SettingsError
from db.guidelines import GUIDELINES_FILE, read_guidelines
from db.project import OpenProject

LOG = logging.getLogger("earmark.app")
EVERY_SECONDS = 3.0
"""The file is looked at no more often: clips are handed out many times a second."""

_Signature = tuple[int, int] | None


class GuidelineWatch:
    """Looks at size and time of the project's guidelines whenever clips are handed out."""

    def __init__(self, project: OpenProject) -> None:
        self._project = project
        self._busy = threading.Lock()
        self._next_look = 0.0
        # Another value than any file has: what changed while no app ran is noticed by the first look.
        self._known: _Signature = (-1, -1)

    def look(self, *, at_once: bool = False) -> None:
        """Keep the guidelines as a new version if they changed. Guidelines that cannot be read are left to who asks for them."""
        if not at_once and time.monotonic() < self._next_look:
            return
        if not self._busy.acquire(blocking=at_once):
            return
        try:
            self._next_look = time.monotonic() + EVERY_SECONDS
            found = self._signature()
            if found != self._known:
                self._note()
                self._known = found
        except SettingsError as error:
            LOG.warning("%s", error)
            self._known = found
        finally:
            self._busy.release()

    def _signature(self) -> _Signature:
        try:
            status = (self._project.directory / GUIDELINES_FILE).stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size

    def _note(self) -> None:
        text = read_guidelines(self._project.directory)
        with self._project.write() as session:
            note_guidelines(session, text, by=None)
