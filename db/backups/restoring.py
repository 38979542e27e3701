"""`earmark restore`: a backup becomes a project again, complete or not at all.

The backup may be cut, damaged or made by a stranger.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import DBAPIError, StatementError

from db.backups.archive import Archive
from db.backups.manifest import DATABASE, Manifest
from db.backups.rows import check_snapshot, check_tables, copy_rows, tables_of, unknown_values, wrong_values
from db.backups.snapshot import plain_engine, reading_engine
from db.backups.swap import pieces_of_a_project, swapped_in
from db.errors import ProjectError
from db.models import FeatureRow, LearnerState
from db.project import DATABASE_FILE
from db.settings import OWN_FOLDERS, SETTINGS_FILE, parsed_settings, with_database_url
from db.store.engine import connect
from db.store.failures import STORE_ERRORS, failure_of
from db.store.files import Part, sync, sync_names, write_whole
from db.store.lock import EMBED_LOCK, FINETUNE_LOCK, LEARNER_LOCK, SERVE_LOCK, locked
from db.store.upgrade import is_known, migrate_on, newest_revision

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class AudioFolder:
    """Where the restored project expects audio, how many files, and whether there is such a folder."""

    folder: str
    files: int
    is_there: bool


@dataclass(frozen=True, kw_only=True)
class RestoreReport:
    """What was restored."""

    directory: Path
    database: str
    """`sqlite` or `postgresql`."""
    created_at: float
    """When the backup was made, UTC, in seconds since 1970."""
    clips: int
    decisions: int
    newest_decision: int
    heads: int
    with_features: bool
    audio_folders: list[AudioFolder]
    schema_before: str | None
    """The older schema revision of the backup, if it was upgraded."""
    replaced: Path | None
    """Where the project lies now that was in the directory before."""
    strategy: str | None
    """The dotted name of a query strategy in the settings, which makes the learner run code from outside of Earmark."""

    def to_json(self) -> dict[str, Any]:
        """What `earmark restore --json` prints."""
        return {
            **vars(self),
            "directory": str(self.directory),
            "replaced": None if self.replaced is None else str(self.replaced),
            "audio_folders": [asdict(each) for each in self.audio_folders],
        }


def restore(
    backup: Path,
    directory: Path,
    *,
    database_url: str | None = None,
    replace: bool = False,
    progress: Progress | None = None,
) -> RestoreReport:
    """Make a project in `directory` of a file that `back_up` wrote.

    Args:
        directory: made if it is not there; it may hold other files.
        database_url: of an empty PostgreSQL database; None makes a SQLite file in the directory.
        replace: if there is a project in the directory, set it aside, into a folder of its own there.
        progress: called with bytes and rows done, and with how many there are.

    Raises:
        ProjectError: the backup is not whole, or a newer release made it; there is a project already; or the disk or database
            cannot be written to.
        SettingsError: the backup's settings make no sense.
    """
    directory = Path(os.path.abspath(directory))
    with Archive(backup) as archive, _directory(directory):
        try:
            with _in_use(directory, replace), _staging(directory, archive) as folder:
                return _Restore(archive, directory, folder, progress or _silent).run(database_url)
        except STORE_ERRORS as error:
            failure = failure_of(error, place=directory)
            raise ProjectError(f"{backup} cannot be restored ({failure.reason}): {failure.clause}") from error


class _Restore:
    def __init__(self, archive: Archive, directory: Path, folder: Path, progress: Progress) -> None:
        self._archive, self._directory, self._progress = archive, directory, progress
        self._manifest: Manifest = archive.manifest
        self._new, self._old, self._backup = (folder / name for name in ("new", "old", "backup"))
        self._total, self._done = archive.size + sum(self._manifest.rows.values()), 0

    def run(self, database_url: str | None) -> RestoreReport:
        self._progress(0, self._total)
        self._extract()
        strategy = self._settings(database_url)
        revision = check_snapshot(self._backup / DATABASE)
        if not is_known(revision):
            raise ProjectError(f"{self._archive.path} has the schema {revision} of a newer Earmark; install that release.")
        target = plain_engine(self._new / DATABASE_FILE) if database_url is None else _empty_server(database_url)
        source = reading_engine(self._backup / DATABASE)
        try:
            with source.connect() as reading, target.connect() as writing:
                self._fill(reading, writing, revision)
                replaced = self._swap_in(writing)
        finally:
            source.dispose()
            target.dispose()
        self._progress(self._total, self._total)
        return self._report(
            database="sqlite" if database_url is None else "postgresql",
            schema_before=None if revision == newest_revision() else revision,
            replaced=replaced,
            strategy=strategy,
        )

    def _extract(self) -> None:
        for folder in (self._new, self._backup):
            folder.mkdir()
        for member in self._manifest.members:
            base = self._backup if member.name in (DATABASE, SETTINGS_FILE) else self._new
            target = base / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            self._archive.extract(member, target, moved=self._moved)
        for name in OWN_FOLDERS:
            (self._new / name).mkdir(exist_ok=True)

    def _settings(self, database_url: str | None) -> str | None:
        """Write the settings file; the dotted name of a strategy in it."""
        text = (self._backup / SETTINGS_FILE).read_bytes().decode("utf-8", errors="replace")
        strategy = parsed_settings(text, where=f"{SETTINGS_FILE} of the backup").strategy
        write_whole(self._new / SETTINGS_FILE, with_database_url(text, database_url))
        return strategy if "." in strategy else None

    def _fill(self, reading: Connection, writing: Connection, revision: str) -> None:
        """The schema of the backup, its rows, then the schema of this release."""
        if inspect(writing).get_table_names():
            raise ProjectError("The database holds tables already; give an empty database in --database-url.")
        migrate_on(writing, to=revision)
        tables = tables_of(writing)
        check_tables(reading, tables)
        self._refuse(wrong_values(reading, tables))
        # The learner that wrote its state is another one, and vectors may have stayed behind.
        without = {LearnerState.__tablename__, *([] if self._manifest.with_features else [FeatureRow.__tablename__])}
        rows = self._copied(reading, writing, without)
        short = sorted(name for name, count in rows.items() if name not in without and count != self._manifest.rows.get(name, 0))
        if short:
            raise ProjectError(f"{self._archive.path} does not hold all rows that it names ({short[0]}); take another backup.")
        if writing.dialect.name == "sqlite":
            # This checks what rows refer to; on PostgreSQL it was checked with each row.
            writing.commit()
        migrate_on(writing)
        if writing.dialect.name == "sqlite":
            writing.commit()
        self._refuse(unknown_values(writing))

    def _refuse(self, wrong: list[str]) -> None:
        if wrong:
            raise ProjectError(f"{wrong[0]} in {self._archive.path} holds other values than it may; take another backup.")

    def _copied(self, reading: Connection, writing: Connection, without: set[str]) -> dict[str, int]:
        try:
            return copy_rows(reading, writing, without=without, moved=self._moved)
        except DBAPIError:
            raise
        except (StatementError, ValueError, RecursionError) as error:
            # JSON of a stranger may be nested too deep, or hold too long a number.
            raise ProjectError(f"A row in the backup's database cannot be read ({type(error).__name__}).") from error

    def _swap_in(self, writing: Connection) -> Path | None:
        """Put everything in place; where the project lies now that was there before."""
        is_replaced = bool(pieces_of_a_project(self._directory))
        old = self._directory / f"replaced-{time.strftime('%Y%m%d-%H%M%S')}" if is_replaced else self._old
        old.mkdir()
        sync(self._new)
        try:
            with swapped_in(self._new, self._directory, old=old):
                writing.commit()
        except BaseException:
            old.rmdir()
            raise
        sync_names(self._directory)
        return old if is_replaced else None

    def _report(self, *, database: str, schema_before: str | None, replaced: Path | None, strategy: str | None) -> RestoreReport:
        manifest = self._manifest
        return RestoreReport(
            directory=self._directory,
            database=database,
            created_at=manifest.created_at,
            clips=manifest.rows.get("clip", 0),
            decisions=manifest.rows.get("decision", 0),
            newest_decision=manifest.newest_decision,
            heads=sum(member.name.startswith("heads/run_") for member in manifest.members),
            with_features=manifest.with_features,
            audio_folders=[
                AudioFolder(folder, files, not os.path.isabs(folder) or os.path.isdir(folder))
                for folder, files in manifest.audio_folders.items()
            ],
            schema_before=schema_before,
            replaced=replaced,
            strategy=strategy,
        )

    def _moved(self, count: int) -> None:
        self._done += count
        self._progress(min(self._done, self._total), self._total)


@contextmanager
def _directory(directory: Path) -> Iterator[None]:
    """Make the directory if it is not there; then it goes again if the block raises."""
    is_new = not os.path.lexists(directory)
    if not is_new and not directory.is_dir():
        raise ProjectError(f"{directory} is no folder; choose another --project directory.")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProjectError(failure_of(error, place=directory).sentence) from error
    try:
        yield
    except BaseException:
        if is_new:
            with suppress(OSError):
                directory.rmdir()
        raise


@contextmanager
def _in_use(directory: Path, replace: bool) -> Iterator[None]:
    """Refuse a directory with a project, unless that is to be replaced and nothing runs for it; nothing can start meanwhile."""
    if pieces_of_a_project(directory) and not replace:
        raise ProjectError(
            f"{directory} already holds a project, or a part of one; choose another --project directory, or set it aside with "
            "--replace."
        )

    def refused(owner: str) -> ProjectError:
        return ProjectError(f"{directory} is in use by `earmark` (process {owner}); stop it, then restore the backup.")

    with ExitStack() as stack:
        if replace:
            for name in (SERVE_LOCK, LEARNER_LOCK, EMBED_LOCK, FINETUNE_LOCK):
                if (directory / name).is_file():
                    stack.enter_context(locked(directory / name, refused=refused))
        yield


@contextmanager
def _staging(directory: Path, archive: Archive) -> Iterator[Path]:
    """A private folder on the disk of the directory, which has room for it all."""
    needed, free = 2 * archive.size, shutil.disk_usage(directory).free
    if free < needed:
        raise ProjectError(
            f"{archive.path} needs {needed >> 20} MB in {directory}, and {free >> 20} MB are free; make room there first."
        )
    part = Part(directory)
    os.mkdir(part.path, 0o700)
    try:
        yield part.path
    finally:
        part.discard()


def _empty_server(database_url: str) -> Engine:
    engine = connect(database_url)
    if engine.dialect.name != "postgresql":
        raise ProjectError(
            f"{database_url!r} is no PostgreSQL database; leave --database-url out for a SQLite file in the directory."
        )
    return engine


def _silent(_done: int, _total: int) -> None:
    """No progress is wanted."""
