"""A project that is open: making, opening and closing it, and what every method needs of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from db.errors import LabelError, ProjectError
from db.project import OpenProject, create_project, open_project
from db.records.labels import active_labels
from db.store.failures import STORE_ERRORS, failure_of

if TYPE_CHECKING:
    from types import TracebackType

StrPath = str | os.PathLike[str]


class Opened:
    """The part of `labeler.project.Project` that its other parts stand on."""

    def __init__(self, opened: OpenProject) -> None:
        """For `create` and `open`."""
        self._project = opened
        self._is_closed = False

    @classmethod
    def create(cls, directory: StrPath, *, labels: Sequence[str], database_url: str | None = None) -> Self:
        """Make a project with these labels, and open it.

        Args:
            directory: for settings, database, features and heads; it may exist, but may not hold a project.
            labels: in the order of their keys.
            database_url: of an empty PostgreSQL database; None for a SQLite file in the directory.

        Raises:
            ProjectError: there is a project already, or the directory or database cannot be made.
            LabelError: there is no label, or one is blank, too long or given twice.
        """
        if isinstance(labels, str):
            raise LabelError(f"The labels cannot be one text ({labels!r}); give a list, such as {labels.split(',')!r}.")
        return cls(create_project(Path(directory), labels=labels, database_url=database_url))

    @classmethod
    def open(cls, directory: StrPath) -> Self:
        """Open the project in a directory.

        Raises:
            ProjectError: there is none, or its database cannot be reached.
            SettingsError: its settings file cannot be used.
            SchemaError: the database has the schema of another release.
        """
        return cls(open_project(Path(directory)))

    def close(self) -> None:
        """Close its connections; its methods can be used no more. A second time does nothing."""
        self._is_closed = True
        self._project.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Project({str(self.directory)!r}{', closed' if self._is_closed else ''})"

    @property
    def directory(self) -> Path:
        """Where it lies, absolute."""
        return self._project.directory

    @property
    def labels(self) -> list[str]:
        """The labels in use, in the order of their keys."""
        with self._used() as project, project.read() as session:
            return [label.name for label in active_labels(session)]

    @contextmanager
    def _used(self) -> Iterator[OpenProject]:
        """The open project; failures of disk and database become one sentence."""
        if self._is_closed:
            raise ProjectError(f"The project in {self.directory} is closed; open it again with Project.open.")
        try:
            yield self._project
        except BrokenPipeError:
            # The program that reads an output has ended; that is not the project's failure.
            raise
        except STORE_ERRORS as error:
            raise ProjectError(failure_of(error, place=self.directory).sentence) from error
