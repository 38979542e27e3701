"""Is the database sound, and does it still refuse to change decisions?"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, func, select, text

from db.backups.rows import tables_of, unknown_values, wrong_values
from db.models import Base, Clip, ClipState
from db.project import OpenProject
from db.store.sqlite_copy import damage
from db.store.upgrade import migrate_on
from learner.doctor.finding import Finding

_RESTORE = "Stop Earmark, keep a copy of the file, and restore the newest backup with `earmark restore`."
_TRIGGERS_OF_SQLITE = "SELECT tbl_name, name, sql FROM sqlite_schema WHERE type = 'trigger'"
_TRIGGERS_OF_POSTGRESQL = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"


def examine_database(project: OpenProject) -> Iterator[Finding]:
    """Integrity, schema, append-only triggers, values that no column may hold, and clips that are out of service."""
    if project.engine.dialect.name == "sqlite":
        damaged = _damaged_file(Path(str(project.engine.url.database)))
        if damaged is not None:
            # Whatever else is looked at would only show the same damage.
            yield damaged
            return
    with project.engine.connect() as connection:
        yield from _schema(connection)
        yield from _values(connection)
        broken = connection.scalar(select(func.count()).select_from(Clip).where(Clip.state == ClipState.BROKEN)) or 0
    if broken:
        yield Finding(
            subject="database",
            kind="broken-clips",
            what=f"{_clips(broken)} out of service, since the audio could not be decoded or its features were damaged.",
            remedy="Put sound files in their place, and import them again.",
            is_problem=False,
            count=broken,
        )


def _damaged_file(path: Path) -> Finding | None:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            found = damage(connection)
            dangling = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.Error as error:
        found, dangling = [str(error)], None
    if found:
        return Finding(subject="database", kind="damaged", what=f"{path} is damaged ({found[0]}).", remedy=_RESTORE)
    if dangling:
        what = f"A row of {dangling[0]} in {path} refers to one of {dangling[2]} that is gone."
        return Finding(subject="database", kind="dangling-rows", what=what, remedy=_RESTORE)
    return None


def _schema(connection: Connection) -> Iterator[Finding]:
    if compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata):
        yield Finding(
            subject="database",
            kind="other-schema",
            what="Tables, columns or indexes of the database are not those that this release made.",
            remedy="Undo what somebody changed by hand, or restore the newest backup with `earmark restore`.",
        )
    missing = _missing_triggers(connection)
    if missing:
        yield Finding(
            subject="database",
            kind="not-append-only",
            what=f"The triggers that refuse to change rows are not as they should be on {', '.join(missing)}.",
            remedy="Make a backup with `earmark backup`, and restore it with `earmark restore --replace`, which makes them anew.",
        )


def _missing_triggers(connection: Connection) -> list[str]:
    """The tables that lack a trigger which the migrations give them."""
    if connection.dialect.name == "postgresql":
        guarded = set(connection.scalars(text(_TRIGGERS_OF_POSTGRESQL)))
        return sorted({table for table, _, _ in _triggers_of_a_new_database()} - guarded)
    there = {tuple(row) for row in connection.execute(text(_TRIGGERS_OF_SQLITE))}
    return sorted({table for table, _, _ in _triggers_of_a_new_database() - there})


@functools.cache
def _triggers_of_a_new_database() -> frozenset[tuple[str, str, str]]:
    engine = create_engine("sqlite://")
    with engine.connect() as new:
        migrate_on(new)
        found = frozenset((row[0], row[1], row[2]) for row in new.execute(text(_TRIGGERS_OF_SQLITE)))
    engine.dispose()
    return found


def _values(connection: Connection) -> Iterator[Finding]:
    wrong = unknown_values(connection)
    if connection.dialect.name == "sqlite":
        wrong += wrong_values(connection, tables_of(connection))
    if wrong:
        yield Finding(
            subject="database",
            kind="wrong-values",
            what=f"Some rows hold values that the column cannot have, in {', '.join(sorted(wrong))}.",
            remedy="Undo what somebody changed by hand, or restore the newest backup with `earmark restore`.",
        )


def _clips(count: int) -> str:
    return "1 clip is" if count == 1 else f"{count} clips are"
