"""The state that the learner reports, and the heartbeat that shows it is alive through long computations."""

from __future__ import annotations

import os
import threading
import time
from types import TracebackType

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.errors import DatabaseGoneError
from db.project import OpenProject
from db.records.learner_state import report_state
from db.store.change_watch import ChangeWatch
from db.store.engine import Turn

BEAT_SECONDS = 1.5
"""Between two writes while nothing else is reported; much less than `db.records.learner_state.STALE_SECONDS`."""


class Reporter:
    """Reports states; as a context manager it repeats the newest one while nothing else is written."""

    def __init__(self, project: OpenProject, *, watch: ChangeWatch | None = None) -> None:
        """The beats are written through `watch` if there is one: then they are no news to whoever waits for news."""
        self._project = project
        self._beats = watch or project
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._written = 0.0
        self._reported: tuple[str, str, int, int] = ("starting", "", 0, 0)
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Reporter:
        self.report("starting")
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    @property
    def state(self) -> str:
        """What was reported last."""
        return self._reported[0]

    def report(self, state: str, detail: str = "", *, done: int = 0, total: int = 0, error: str | None = None) -> None:
        """Say what is being done, in a transaction of its own."""
        with self._lock, self._project.write(Turn.LEARNING) as session:
            self._write(session, (state, detail, done, total), error)

    def report_in(self, session: Session, state: str, detail: str = "") -> None:
        """The same as part of a transaction that is being written anyway."""
        self._write(session, (state, detail, 0, 0), None)

    def progress(self, done: int, total: int) -> None:
        """How far the state reported last has come; written with the next beat."""
        self._reported = (*self._reported[:2], done, total)

    def _write(self, session: Session, reported: tuple[str, str, int, int], error: str | None) -> None:
        state, detail, done, total = self._reported = reported
        report_state(session, state=state, detail=detail, done=done, total=total, pid=os.getpid(), error=error)
        self._written = time.monotonic()

    def _beat(self) -> None:
        while not self._over.wait(self._until_due()):
            if self._until_due() > 0:  # something was reported meanwhile
                continue
            try:
                with self._lock, self._beats.write(Turn.LEARNING) as session:
                    self._write(session, self._reported, None)
            except (DBAPIError, DatabaseGoneError):
                # The learner itself meets the same trouble, tries again and reports it.
                self._over.wait(BEAT_SECONDS)

    def _until_due(self) -> float:
        """Seconds until the next beat."""
        return max(0.0, self._written + BEAT_SECONDS - time.monotonic())
