"""One `earmark serve` a project; on PostgreSQL also several apps without a learner."""

from __future__ import annotations

from contextlib import AbstractContextManager

from db.errors import ProjectError
from db.project import OpenProject
from db.store.lock import SERVE_LOCK, locked


def serve_lock(project: OpenProject, *, beside_others: bool = False) -> AbstractContextManager[None]:
    """Hold the project's lock of `earmark serve`.

    Args:
        beside_others: others may serve it too who say the same. It counts on PostgreSQL only; with SQLite one app
            serves a project.

    Raises:
        ProjectError: another process holds it; the message gives its process number.
    """

    def refused(owner: str) -> ProjectError:
        return ProjectError(
            f"`earmark serve` is running for {project.directory} already (process {owner}); open its page, or stop it first."
        )

    shared = beside_others and project.engine.dialect.name == "postgresql"
    return locked(project.directory / SERVE_LOCK, refused=refused, shared=shared)
