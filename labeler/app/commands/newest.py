"""The newest command of a kind in a project: one runs at a time, for whichever page has started it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from db.errors import FormatError
from labeler.app.commands.job import CommandJob, JobState

Job = TypeVar("Job", bound=CommandJob)


class NewestJob(Generic[Job]):
    """Holds it."""

    def __init__(self, *, busy: str) -> None:
        """`busy`: the sentence for whoever wants to start another one meanwhile."""
        self._busy = busy
        self._lock = threading.Lock()
        self.newest: Job | None = None

    def begin(self, start: Callable[[], Job]) -> Job:
        """Start one.

        Raises:
            FormatError: another one is running.
        """
        with self._lock:
            if self.newest is not None and self.newest.state == JobState.RUNNING:
                raise FormatError(self._busy)
            self.newest = start()
            return self.newest

    def forget(self) -> None:
        """Show the newest one no more, unless it is running."""
        with self._lock:
            if self.newest is not None and self.newest.state != JobState.RUNNING:
                self.newest = None
