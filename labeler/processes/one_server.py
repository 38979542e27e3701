"""One `earmark serve` a project."""

from __future__ import annotations

from contextlib import AbstractContextManager

from db.errors import ProjectError
from db.project import OpenProject
from db.store.lock import SERVE_LOCK, locked


def serve_lock(project: OpenProject) -> AbstractContextManager[None]:
    """Hold the project's lock of `earmark serve`.

    Raises:
        ProjectError: another process holds it; the message gives its process number.
    """

    def refused(owner: str) -> ProjectError:
        return ProjectError(
            f"`earmark serve` is running for {project.directory} already (process {owner}); open its page, or stop it first."
        )

    return locked(project.directory / SERVE_LOCK, refused=refused)
