"""Connections: SQLite in WAL mode with durable commits and short write transactions, or PostgreSQL.

SQLite readers begin with a plain BEGIN. Writers begin with BEGIN IMMEDIATE, so that a transaction never has to be upgraded while
another writer holds the lock (the usual cause of "database is locked"). On PostgreSQL writers take turns by advisory locks
instead: a writer of answers waits neither for leases nor for the learner.
"""

from __future__ import annotations

import enum
import functools
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.orm import Session

from db.errors import ProjectError
from db.mounts import refuse_network_file_system
from db.store.database_file import DatabaseFile
from db.store.failures import name_database

BUSY_SECONDS = 30
FILE_VARIABLE = "EARMARK_DATABASE_PASSWORD_FILE"
"""Environment variable: the file with the password of the PostgreSQL user, for a URL that has none."""
_TRY_AGAIN = 0.002
"""Seconds between two tries to begin writing: SQLite itself waits up to a tenth of a second, even if the other is done sooner."""
_WRITES = "earmark_writes"
_FILE = "earmark_file"
"""Execution option: the DatabaseFile of the engine."""
_BESIDE = "earmark_beside"
"""In the info of a connection: the files beside the database that it has open."""
_LOCKS = 0x4541524D
"""The first key of Earmark's advisory locks on PostgreSQL ("EARM"), apart from the locks of other users of the database."""


class Turn(enum.IntEnum):
    """A kind of rows that one transaction at a time writes; SQLite has a single turn for everything.

    A writer of several kinds takes the last turn first, so that it does not block answers while it waits for the others.
    """

    ANSWERS = 1
    """Decisions and flags: they are committed in the order of their ids, so a reader that saw the newest saw all before it."""
    LEASES = 2
    """Leases: no clip goes to two annotators."""
    LEARNING = 3
    """Features, runs, the queue, and the learner's state."""


def connect(url: str | URL) -> Engine:
    """An engine for `url`; nothing is opened yet.

    With SQLite, a writer waits for the one before it instead of failing at once, and what is committed survives a power cut.

    Raises:
        ProjectError: the URL is no database URL, its driver is missing, or the SQLite file lies on a network file system.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend not in {"sqlite", "postgresql"}:
            raise ProjectError(f"Databases of kind {backend!r} are not supported; use a sqlite:/// or postgresql+psycopg:// URL.")
        if backend == "postgresql":
            parsed = _with_password(parsed.set(drivername="postgresql+psycopg"))
        # What people type must not get into logs with the text of an error.
        engine = create_engine(
            parsed, connect_args=_connect_args(backend), pool_pre_ping=backend == "postgresql", hide_parameters=True
        )
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise _no_url(url) from error
    except ModuleNotFoundError as error:
        raise ProjectError(f'The driver {error.name} is missing; install it with pip install "earmark[postgresql]".') from error
    if backend == "sqlite":
        refuse_network_file_system(Path(parsed.database or "."))
        if parsed.database not in (None, "", ":memory:"):
            engine = _watched(engine, os.path.abspath(str(parsed.database)))
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
        event.listen(engine, "handle_error", _name_file)
    return engine


def _watched(engine: Engine, path: str) -> Engine:
    """The engine, whose connections and transactions notice that the file is gone."""
    file = DatabaseFile(path)

    def before_connecting(*_arguments: Any) -> None:
        # SQLite would make an empty database in the place of the one that is gone.
        file.check()

    def connected(_connection: Any, record: Any) -> None:
        record.info[_BESIDE] = file.connected()

    event.listen(engine, "do_connect", before_connecting)
    event.listen(engine, "connect", connected)
    engine.update_execution_options(**{_FILE: file})
    return engine


def from_anywhere(url: str) -> str:
    """The URL, with the path of a SQLite file made absolute: the project may be opened from another folder.

    Raises:
        ProjectError: it is no database URL, or names a database in memory, which nobody else could open.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise _no_url(url) from error
    if not parsed.drivername.startswith("sqlite"):
        return url
    if parsed.database in (None, "", ":memory:"):
        raise ProjectError(f"{url!r} names no file; leave --database-url out for a SQLite file in the project directory.")
    return parsed.set(database=os.path.abspath(str(parsed.database))).render_as_string(hide_password=False)


def _no_url(url: str | URL) -> ProjectError:
    return ProjectError(f"{str(url)!r} is not a database URL; write it like postgresql+psycopg://user@host/name.")


def _with_password(url: URL) -> URL:
    """The URL with the password of the file that `FILE_VARIABLE` names, unless it has one: none need stand in settings.

    Raises:
        ProjectError: the file cannot be read, or is empty.
    """
    path = os.environ.get(FILE_VARIABLE)
    if not path or url.password is not None:
        return url
    try:
        password = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{FILE_VARIABLE} names {path}, which cannot be read; give a file with the password alone.") from error
    if not password:
        raise ProjectError(f"{FILE_VARIABLE} names {path}, which is empty; write the password of the database into it.")
    return url.set(password=password)


def _connect_args(backend: str) -> dict[str, Any]:
    if backend == "sqlite":
        return {"timeout": BUSY_SECONDS, "isolation_level": None, "check_same_thread": False}
    # Without this limit, a server that does not answer at all blocks every command for minutes.
    return {"connect_timeout": 10} if backend == "postgresql" else {}


def _set_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_SECONDS * 1000}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _name_file(context: ExceptionContext) -> None:
    if context.engine is not None:
        name_database(context.original_exception, context.engine)


def _begin(connection: Connection) -> None:
    file_check(connection)()
    writes = connection.get_execution_options().get(_WRITES, False)
    if not writes:
        connection.exec_driver_sql("BEGIN")
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA busy_timeout=0")
    try:
        if not _began(driver):
            # Try once more through SQLAlchemy, which raises the exceptions that callers expect.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")


def file_check(connection: Connection) -> Callable[[], None]:
    """What raises DatabaseGoneError once the files that the connection has open are gone; on PostgreSQL it never does."""
    file = connection.get_execution_options().get(_FILE)
    return (lambda: None) if file is None else functools.partial(file.check, connection.info.get(_BESIDE))


def _began(driver: sqlite3.Connection) -> bool:
    """Begin to write as soon as the other writers are done; False if they take too long, or something else is wrong."""
    until = time.monotonic() + BUSY_SECONDS
    while time.monotonic() < until:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
                return False
            time.sleep(_TRY_AGAIN)
        else:
            return True
    return False


@contextmanager
def read_session(engine: Engine) -> Iterator[Session]:
    """One consistent snapshot, rolled back at the end."""
    if engine.dialect.name == "postgresql":
        # By default each statement there sees what was committed meanwhile, but one session must read one consistent state.
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(engine, autoflush=False) as session:
        yield session
        session.rollback()


@contextmanager
def write_session(engine: Engine | Connection, *, turn: Turn | None = None) -> Iterator[Session]:
    """One short write transaction, committed at the end; an exception rolls all of it back.

    Args:
        engine: or one connection, which from then on is for writing.
        turn: the only kind of rows that is added; without one, nobody else writes anything meanwhile.

    Raises:
        DatabaseGoneError: the SQLite file was deleted, moved or replaced, before the transaction or during it.
    """
    writer = engine.execution_options(**{_WRITES: True})
    checks: list[Callable[[], None]] = []
    with Session(writer, expire_on_commit=False) as session:
        event.listen(session, "after_begin", lambda *begun: checks.append(file_check(begun[-1])))
        with session.begin():
            if engine.dialect.name == "postgresql":
                # Always in the same order, so that no two writers wait for each other.
                for each in [turn] if turn else sorted(Turn, reverse=True):
                    session.execute(select(func.pg_advisory_xact_lock(_LOCKS, each.value)))
            yield session
        # What was committed into a file without a name must not be acknowledged.
        for check in checks:
            check()
