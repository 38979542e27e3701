"""Rows from one database into another one, SQLite or PostgreSQL, whatever tables there are.

The tables are those of the database that is written to, which this release's own migrations made. So nothing but rows ever comes
from a file that a stranger may have made: no trigger, no view, no constraint.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Container
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnClause,
    Connection,
    Enum,
    Float,
    Integer,
    MetaData,
    Table,
    func,
    insert,
    inspect,
    literal_column,
    select,
    text,
)
from sqlalchemy.types import TypeEngine

from db.errors import ProjectError
from db.models import Base
from db.store.sqlite_copy import damage

_AT_A_TIME = 2000
_VERSION_TABLE = "alembic_version"


def tables_of(connection: Connection) -> list[Table]:
    """The tables of a database, those that others refer to first, with types that both databases have."""
    found = MetaData()
    found.reflect(connection)
    plain = MetaData()
    return [
        Table(
            table.name, plain, *(Column(column.name, _plain(column), primary_key=column.primary_key) for column in table.columns)
        )
        for table in found.sorted_tables
        if table.name != _VERSION_TABLE
    ]


def _plain(column: Column[Any]) -> TypeEngine[Any]:
    kind = column.type.as_generic()
    # None is stored as NULL where that is allowed, since the models store it so too.
    return JSON(none_as_null=bool(column.nullable)) if isinstance(kind, JSON) else kind


def copy_rows(
    source: Connection,
    target: Connection,
    *,
    without: Container[str] = (),
    moved: Callable[[int], None] = lambda _rows: None,
) -> dict[str, int]:
    """Copy the rows of all tables that `target` has; both connections' transactions stay open.

    Args:
        source: in a transaction that sees one state of the database.
        target: without rows.
        without: tables that stay empty.
        moved: called with a number of rows after each part.

    Returns:
        How many rows each table got.

    Raises:
        DBAPIError: `source` lacks a table or column, or `target` refuses a row.
    """
    if target.dialect.name == "sqlite":
        # Rows may refer to later ones of their table; all is checked when the transaction ends.
        target.execute(text("PRAGMA defer_foreign_keys = ON"))
    counts = {}
    for table in tables_of(target):
        counts[table.name] = 0
        if table.name in without:
            continue
        # In the order of their keys, so that a row comes after the one of its table that it refers to.
        query = select(table).order_by(*table.primary_key.columns)
        rows = source.execution_options(yield_per=_AT_A_TIME).execute(query)
        for part in rows.mappings().partitions():
            target.execute(insert(table), [dict(row) for row in part])
            counts[table.name] += len(part)
            moved(len(part))
        _set_sequences(target, table)
    return counts


def _set_sequences(connection: Connection, table: Table) -> None:
    """PostgreSQL counts ids up in a sequence, which knows nothing of rows that brought their own."""
    if connection.dialect.name != "postgresql":
        return
    for column in table.primary_key.columns:
        name = connection.dialect.identifier_preparer.format_table(table)
        sequence = connection.scalar(select(func.pg_get_serial_sequence(name, column.name)))
        newest = connection.scalar(select(func.max(column))) if sequence else None
        if newest is not None:
            connection.execute(select(func.setval(sequence, newest)))


def check_snapshot(path: Path) -> str:
    """Check a SQLite database that a stranger may have made, as far as that is possible without reading rows into objects.

    Returns:
        Its schema revision.

    Raises:
        ProjectError: it is damaged, or has no schema revision.
    """
    # https://www.sqlite.org/security.html: the file's own schema may call functions, and may be damaged on purpose.
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA cell_size_check = ON")
            found = damage(connection)
            if found:
                raise ProjectError(f"The database in the backup is damaged ({found[0]}); take an older backup.")
            real = "SELECT count(*) FROM sqlite_schema WHERE name = ? AND type = 'table' AND rootpage > 0"
            if connection.execute(real, (_VERSION_TABLE,)).fetchone() == (1,):
                revisions = connection.execute(f"SELECT version_num FROM {_VERSION_TABLE} LIMIT 2").fetchall()  # noqa: S608
                if len(revisions) == 1:
                    return str(revisions[0][0])
    except sqlite3.Error as error:
        raise ProjectError(f"The database in the backup is damaged ({error}); take an older backup.") from error
    raise ProjectError("The database in the backup was not made by Earmark; choose another backup.")


def check_tables(connection: Connection, tables: list[Table]) -> None:
    """Check that a SQLite database of a stranger has these tables and columns, and no view or virtual table in their place.

    Raises:
        ProjectError: it has not; the message names the table.
    """
    real = set(connection.scalars(text("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0")))
    for table in tables:
        columns = {column["name"] for column in inspect(connection).get_columns(table.name)} if table.name in real else set()
        if not columns >= set(table.columns.keys()):
            raise ProjectError(f"The database in the backup lacks the table {table.name}, or a part of it; take another backup.")


def wrong_values(connection: Connection, tables: list[Table]) -> list[str]:
    """The columns with a value of another kind than they are for, on SQLite, which takes any value in any column."""
    found = []
    for table in tables:
        wrong = [func.count().filter(text(_is_wrong(column))) for column in table.columns]
        counts = connection.execute(select(*wrong).select_from(table)).one()
        found += [f"{table.name}.{column.name}" for column, count in zip(table.columns, counts, strict=True) if count]
    return found


def _is_wrong(column: Column[Any]) -> str:
    name = f'"{column.table.name}"."{column.name}"'
    kind = column.type
    if isinstance(kind, Boolean):
        right = f"{name} IN (0, 1)"
    elif isinstance(kind, Integer):
        right = f"typeof({name}) = 'integer'"
    elif isinstance(kind, Float):
        right = f"typeof({name}) IN ('integer', 'real')"
    else:
        right = f"typeof({name}) = 'text'" + (f" AND json_valid({name})" if isinstance(kind, JSON) else "")
    return f"{name} IS NOT NULL AND NOT ({right})"


def unknown_values(connection: Connection) -> list[str]:
    """The columns that hold a value outside of the closed set that they are for, in a database of this release's schema."""
    found = []
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, Enum):
                known = column.type.enums
                kept: ColumnClause[str] = literal_column(f'"{table.name}"."{column.name}"')
                if connection.scalar(select(func.count()).select_from(table).where(kept.not_in(known))):
                    found.append(f"{table.name}.{column.name}")
    return found
