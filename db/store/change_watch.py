"""Notices that others have written, for almost nothing.

An idle learner looks several times a second whether there is anything new. On SQLite it need not read the tables: the database
shows a connection whether another one has committed (https://www.sqlite.org/pragma.html#pragma_data_version).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db.store.engine import Turn, file_check, write_session
from db.store.failures import name_database

_VERSION = "PRAGMA data_version"


class ChangeWatch:
    """One connection that is kept open; any thread may use it. A context manager: the connection is closed at the end."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._kept = ExitStack()
        self._connection: Connection | None = None

    def __enter__(self) -> ChangeWatch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._kept.close()

    def version(self) -> int | None:
        """A number that changes when anything else than `write` commits; None when it is unknown, so that tables must be read.

        It is unknown on PostgreSQL, and while another thread writes through this watch.

        Raises:
            OperationalError: the database file cannot be read.
            DatabaseGoneError: it was deleted, moved or replaced; nobody would write into it any more.
        """
        if self._engine.dialect.name != "sqlite" or not self._lock.acquire(blocking=False):
            return None
        try:
            connection = self._opened()
            file_check(connection)()
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            ((version,),) = driver.execute(_VERSION).fetchall()
            return int(version)
        except sqlite3.Error as error:
            name_database(error, self._engine)
            raise OperationalError(_VERSION, {}, error) from error
        finally:
            self._lock.release()

    @contextmanager
    def write(self, turn: Turn | None = None) -> Iterator[Session]:
        """A short write transaction that `version` takes no notice of; see `write_session` for `turn`."""
        if self._engine.dialect.name != "sqlite":
            with write_session(self._engine, turn=turn) as session:
                yield session
            return
        with self._lock, write_session(self._opened(), turn=turn) as session:
            yield session

    def _opened(self) -> Connection:
        if self._connection is None:
            self._connection = self._kept.enter_context(self._engine.connect())
        return self._connection
