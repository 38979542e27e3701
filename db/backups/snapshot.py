"""The state of a project's database at one moment as a SQLite file, whichever database the project has."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import URL, Engine, NullPool, create_engine, event

from db.backups.rows import copy_rows
from db.store.engine import read_session
from db.store.sqlite_copy import copy_sqlite
from db.store.upgrade import migrate_on


def snapshot(engine: Engine, target: Path) -> None:
    """Write what is committed now to `target`, a file that is not there yet, while others go on reading and writing.

    Raises:
        sqlite3.Error, DBAPIError: a database cannot be read, or the file not be written.
        ProjectError: the database is damaged.
    """
    if engine.dialect.name == "sqlite":
        copy_sqlite(engine, target)
        return
    copy = plain_engine(target)
    try:
        with copy.connect() as writing, read_session(engine) as session:
            migrate_on(writing)
            copy_rows(session.connection(), writing)
            writing.commit()
    finally:
        copy.dispose()


def plain_engine(path: Path) -> Engine:
    """An engine for a SQLite file that nobody else uses: one file, with nothing beside it."""
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"isolation_level": None})
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA foreign_keys = ON"))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def reading_engine(path: Path) -> Engine:
    """An engine that reads a SQLite file of a stranger: it writes nothing, and runs no function that the file's schema calls."""

    def opened() -> sqlite3.Connection:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        return connection

    return create_engine("sqlite://", creator=opened, poolclass=NullPool)
