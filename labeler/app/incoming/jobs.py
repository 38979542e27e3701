"""The imports of a project: one at a time, for whichever page has started it."""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path

from db.errors import FormatError
from labeler.app.commands.job import JobState
from labeler.app.incoming.job import ImportJob
from labeler.app.incoming.request import ImportRequest


class ImportJobs:
    """Holds the newest import."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self.newest: ImportJob | None = None

    def start(self, request: ImportRequest) -> ImportJob:
        """Start an import, or the trial of one.

        Raises:
            FormatError: another one is running.
        """
        with self._lock:
            if self.newest is not None and self.newest.state == JobState.RUNNING:
                raise FormatError("Another import is running; wait until it is done, or cancel it.")
            self.newest = ImportJob(self._directory, request)
            return self.newest

    def forget(self) -> None:
        """Show the newest import no more, unless it is running."""
        with self._lock:
            if self.newest is not None and self.newest.state != JobState.RUNNING:
                self.newest = None


@cache
def jobs_of(directory: Path) -> ImportJobs:
    """The imports of the project in this directory, for all pages of this process."""
    return ImportJobs(directory)
