"""Deleted for good: SQLite only frees the room of what is deleted, and keeps older pages in its write-ahead log."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

WAIT_MS = 2000
"""How long others may go on reading before the log is left to them."""


def overwrite_deleted(session: Session) -> None:
    """From now on, this session's connection overwrites what it deletes or changes with zeros (needs a write session).

    https://www.sqlite.org/pragma.html#pragma_secure_delete. PostgreSQL has nothing like it; it reuses the room in time.
    """
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA secure_delete = ON")).all()


def empty_the_log(engine: Engine) -> bool:
    """Move what SQLite's write-ahead log holds into the database, and cut the log to nothing; False while others read from it."""
    if engine.dialect.name != "sqlite":
        return True
    with closing(engine.raw_connection()) as connection:
        driver = connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        ((usual,),) = driver.execute("PRAGMA busy_timeout").fetchall()
        driver.execute(f"PRAGMA busy_timeout = {WAIT_MS}")
        try:
            ((busy, _, _),) = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            driver.execute(f"PRAGMA busy_timeout = {int(usual)}")
    return not busy
