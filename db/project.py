"""A project is a directory: settings file, SQLite database (or a PostgreSQL URL), features, heads, cache."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Engine, select
from sqlalchemy.orm import Session

from db.errors import EarmarkError, ProjectError
from db.models import ProjectInfo
from db.records.labels import add_labels, checked_labels
from db.settings import OWN_FOLDERS, SETTINGS_FILE, Settings, read_settings, write_settings
from db.settings_watch import SettingsWatch
from db.store.engine import Turn, connect, from_anywhere, read_session, write_session
from db.store.failures import STORE_ERRORS, failure_of
from db.store.upgrade import check_schema, create_schema

DATABASE_FILE = "earmark.sqlite"


class OpenProject:
    """An open project, which all code of a process shares. A session is short and belongs to one thread."""

    def __init__(self, *, directory: Path, settings: Settings, engine: Engine) -> None:
        self.directory = directory
        self._settings = SettingsWatch(directory, settings)
        self._fixed: Settings | None = None
        self.engine = engine
        self.features_dir, self.heads_dir, self.cache_dir = (self._folder(name) for name in OWN_FOLDERS)

    @property
    def settings(self) -> Settings:
        """The settings as they are now: a change of the file counts at once. Ask again rather than keep them."""
        return self._settings.now() if self._fixed is None else self._fixed

    @settings.setter
    def settings(self, settings: Settings) -> None:
        """Use these settings in this process, whatever the file says."""
        self._fixed = settings

    @property
    def settings_problem(self) -> str | None:
        """Why the settings file as it is now is not in use, as a sentence; None if all is well."""
        return self._settings.problem() if self._fixed is None else None

    def _folder(self, name: str) -> Path:
        path = self.directory / name
        path.mkdir(exist_ok=True)
        return path

    @property
    def uploads_dir(self) -> Path:
        """The folder of files that were sent from a browser; it is there once one was."""
        return self.directory / "uploads"

    @property
    def finetune_dir(self) -> Path:
        """The folder of what fine-tunings have finished; it is there once one was begun."""
        return self.cache_dir / "finetune"

    @property
    def networks_dir(self) -> Path:
        """The folder of fine-tuned networks that the project has adopted; it is there once one was."""
        return self.heads_dir / "networks"

    @property
    def withdrawn_mark(self) -> Path:
        """A file that is touched whenever clips are withdrawn, for processes that keep in memory what they know of clips."""
        return self.cache_dir / "withdrawn"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that reads a consistent snapshot."""
        with read_session(self.engine) as session:
            yield session

    @contextmanager
    def write(self, turn: Turn | None = None) -> Iterator[Session]:
        """A short write transaction. It is committed and durable when the block ends.

        Args:
            turn: the only kind of rows that the block adds; without one, nobody else can write anything meanwhile.
        """
        with write_session(self.engine, turn=turn) as session:
            yield session

    def info(self) -> ProjectInfo:
        """The project's own row: uuid and signing secret."""
        with self.read() as session:
            row = session.scalars(select(ProjectInfo)).one()
            session.expunge(row)
        return row

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def database_url(directory: Path, settings: Settings) -> str | URL:
    """The URL of the project's database."""
    return settings.database_url or _sqlite_url(directory)


def _sqlite_url(directory: Path) -> URL:
    # Built from parts, not parsed: in a text, a question mark or percent sign in the directory's name would be special.
    return URL.create("sqlite", database=str(directory / DATABASE_FILE))


def create_project(directory: Path, *, labels: Sequence[str] | None, database_url: str | None = None) -> OpenProject:
    """Make a project directory with its settings file, database and folders.

    Args:
        labels: in the order of their keys; None for a project that gets its labels later.

    Raises:
        ProjectError: there is a project already, or the directory or database cannot be made.
        LabelError: the label set is empty, or a label is blank, too long or given twice.
    """
    names = [] if labels is None else checked_labels(labels)
    if (directory / SETTINGS_FILE).exists():
        raise ProjectError(f"{directory} already holds a project; choose another --project directory.")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        database_url = None if database_url is None else from_anywhere(database_url)
        engine = connect(database_url or _sqlite_url(directory.resolve()))
        create_schema(engine)
        with write_session(engine) as session:
            if session.scalars(select(ProjectInfo)).first() is not None:
                raise ProjectError(
                    f"The database of {directory} already holds a project; write an empty {SETTINGS_FILE} there to open it, "
                    "or move the database away."
                    if database_url is None
                    else "The database already holds a project; give an empty database in --database-url."
                )
            session.add(ProjectInfo(id=1, uuid=str(uuid.uuid4()), created_at=time.time(), secret=secrets.token_hex(32)))
            add_labels(session, names)
        engine.dispose()
        # This comes last, so that a directory with a settings file is always a complete project.
        write_settings(directory, database_url=database_url)
    except STORE_ERRORS as error:
        failure = failure_of(error, place=directory)
        raise ProjectError(f"A project cannot be made in {directory} ({failure.reason}): {failure.clause}") from error
    return open_project(directory)


def open_project(directory: Path) -> OpenProject:
    """Open the project in `directory`.

    Raises:
        ProjectError: there is none, or its database cannot be reached.
        SettingsError: the settings file cannot be used.
        SchemaError: the database has an older or newer schema.
    """
    directory = directory.resolve()
    engine, settings = connect_project(directory)
    try:
        check_schema(engine)
        return OpenProject(directory=directory, settings=settings, engine=engine)
    except (*STORE_ERRORS, EarmarkError) as error:
        engine.dispose()
        if isinstance(error, EarmarkError):
            raise
        raise ProjectError(failure_of(error, place=directory).sentence) from error


def connect_project(directory: Path, *, settings: Settings | None = None) -> tuple[Engine, Settings]:
    """Engine and settings of the project in `directory`, whatever its schema version.

    Args:
        settings: in place of those in the file, which may be damaged.

    Raises:
        ProjectError: there is no project in the directory, or its database file is missing.
    """
    if not (directory / SETTINGS_FILE).is_file():
        raise ProjectError(
            f"There is no project in {directory}; make one with `earmark --project {directory} init --labels a,b,c`."
        )
    settings = read_settings(directory) if settings is None else settings
    if settings.database_url is None and not (directory / DATABASE_FILE).is_file():
        raise ProjectError(f"{directory / DATABASE_FILE} is missing; restore it from a backup.")
    return connect(database_url(directory, settings)), settings
