"""One learner a project."""

from __future__ import annotations

from contextlib import AbstractContextManager

from db.errors import LearnerError
from db.project import OpenProject
from db.store.lock import LEARNER_LOCK, locked


def learner_lock(project: OpenProject) -> AbstractContextManager[None]:
    """Hold the project's learner lock.

    Raises:
        LearnerError: another process holds it; the message gives its process number.
    """

    def refused(owner: str) -> LearnerError:
        return LearnerError(
            f"A learner is running for {project.directory} already (process {owner}); stop it first, or let it do the work."
        )

    return locked(project.directory / LEARNER_LOCK, refused=refused)
