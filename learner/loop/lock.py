"""One learner a project: a lock file that the system lets go of when the process dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from db.errors import LearnerError
from db.project import OpenProject


@contextmanager
def learner_lock(project: OpenProject) -> Iterator[None]:
    """Hold the project's learner lock.

    Raises:
        LearnerError: another process holds it; the message gives its process number.
    """
    path = project.directory / "learner.lock"
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = file.read().strip() or "unknown"
            raise LearnerError(
                f"A learner is running for {project.directory} already (process {owner}); stop it first, or let it do the work."
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
