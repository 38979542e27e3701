"""A copy of a SQLite database, made while others use it, and whether a database file is sound."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine

from db.errors import ProjectError
from db.store.failures import name_database_file

_MOST_FINDINGS = 5
_OF_COPY = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
"""What may go wrong with the file that is written; the other codes concern the one that is read."""


def copy_sqlite(engine: Engine, target: Path) -> None:
    """Write one consistent state of the engine's database to `target`, a file that is not there yet.

    It is one read transaction (https://www.sqlite.org/lang_vacuum.html#vacuuminto): in WAL mode, others go on writing meanwhile.
    Rows that were deleted are in the original's free pages, and not in the copy. The copy needs no files beside it.

    Raises:
        sqlite3.Error: it cannot be written.
        ProjectError: the copy is damaged, which means that the database is.
    """
    source = engine.url.database
    assert source is not None
    try:
        # Not to be made if it is gone: the copy of an empty database would look like a good one.
        with closing(sqlite3.connect(f"{Path(source).absolute().as_uri()}?mode=rw", uri=True)) as from_:
            from_.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        is_of_copy = getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_COPY and Path(source).is_file()
        name_database_file(error, str(target) if is_of_copy else source)
        raise
    with closing(sqlite3.connect(target)) as copy:
        found = damage(copy)
    if found:
        raise ProjectError(f"The database {source} is damaged ({found[0]}), so no copy of it was kept; run `earmark doctor`.")


def damage(connection: sqlite3.Connection) -> list[str]:
    """What SQLite's own check finds wrong with the whole file: at most five lines, none if it is sound.

    It reads everything: each page, each index against its table, and each row against the constraints of its table.
    """
    rows = connection.execute(f"PRAGMA integrity_check({_MOST_FINDINGS})").fetchall()
    lines = [line for (text,) in rows for line in str(text).splitlines() if not line.startswith("***")]
    return [] if lines == ["ok"] else lines[:_MOST_FINDINGS]
