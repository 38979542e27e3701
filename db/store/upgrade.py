"""Schema versions: what a database has, what this release needs, and the way from one to the other."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from db.errors import ProjectError, SchemaError
from db.store.failures import failure_of
from db.store.files import whole
from db.store.sqlite_copy import copy_sqlite

MIGRATIONS = Path(__file__).parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def newest_revision() -> str:
    """The schema revision that this release needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def current_revision(engine: Engine) -> str | None:
    """The schema revision of the database; none for a database that Earmark did not make."""
    with engine.connect() as connection:
        return revision_in(connection)


def revision_in(connection: Connection) -> str | None:
    """The same by an open connection."""
    return MigrationContext.configure(connection).get_current_revision()


def create_schema(engine: Engine) -> None:
    """Make all tables in an empty database.

    Raises:
        SchemaError: the database holds other tables.
    """
    if current_revision(engine) is None and inspect(engine).get_table_names():
        raise SchemaError("The database holds tables that Earmark did not make; give an empty one in --database-url.")
    migrate(engine)


def migrate(engine: Engine) -> None:
    """Bring the database to the newest revision."""
    with engine.connect() as connection:
        migrate_on(connection)
        connection.commit()


def migrate_on(connection: Connection, *, to: str = "head") -> None:
    """Bring the database to a revision. On PostgreSQL it is a part of the connection's transaction; the caller commits."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def check_schema(engine: Engine) -> None:
    """Raise SchemaError unless the database has exactly the schema that this release needs."""
    current = upgradable_revision(engine)
    if current != newest_revision():
        raise SchemaError(f"The database has the older schema {current}; run `earmark upgrade`, which first makes a backup copy.")


def upgradable_revision(engine: Engine) -> str:
    """The schema revision of a database that `migrate` can bring to the newest.

    Raises:
        SchemaError: Earmark did not make the database, or a newer release did.
    """
    current = current_revision(engine)
    if current is None:
        raise SchemaError("The database was not made by Earmark; make a project with `earmark init`.")
    if not is_known(current):
        raise SchemaError(f"The database has the schema {current} of a newer Earmark; install that release or a later one.")
    return current


def is_known(revision: str) -> bool:
    """Whether this release can read, and upgrade, a database of this revision."""
    return revision in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def backup(engine: Engine) -> Path | None:
    """A copy of the SQLite database beside it, made while others may use the database; none on PostgreSQL (use pg_dump there).

    Raises:
        ProjectError: the copy cannot be written.
    """
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return None
    source = Path(engine.url.database)
    copy = source.with_name(f"{source.name}.{time.strftime('%Y%m%d-%H%M%S')}.backup")
    try:
        with whole(copy) as part:
            copy_sqlite(engine, part)
    except (sqlite3.Error, OSError) as error:
        failure = failure_of(error)
        raise ProjectError(f"The backup copy {copy} cannot be written ({failure.reason}): {failure.clause}") from error
    return copy
