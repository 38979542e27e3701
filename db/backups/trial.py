"""A project to try something on: what is written into it is thrown away."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from db.backups.manifest import DATABASE
from db.backups.snapshot import plain_engine, snapshot
from db.errors import ProjectError
from db.project import OpenProject
from db.store.failures import failure_of


@contextmanager
def trial_copy(project: OpenProject) -> Iterator[OpenProject]:
    """A copy of the project's settings and database, in a folder for temporary files that is removed at the end.

    Raises:
        ProjectError: the database is damaged, or the copy cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="earmark-") as name:
        folder = Path(name)
        try:
            snapshot(project.engine, folder / DATABASE)
        except sqlite3.Error as error:
            raise ProjectError(failure_of(error, place=folder).sentence) from error
        engine = plain_engine(folder / DATABASE)
        settings = project.settings.model_copy(update={"database_url": None})
        copy = OpenProject(directory=folder, settings=settings, engine=engine)
        copy.settings = settings
        try:
            yield copy
        finally:
            copy.close()
