"""Schema versions: what a database has, what this release needs, and the way from one to the other."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

from db.errors import ProjectError, SchemaError
from db.store.failures import failure_of, name_database

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
    config = _config()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


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
    if current not in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}:
        raise SchemaError(f"The database has the schema {current} of a newer Earmark; install that release or a later one.")
    return current


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
        with closing(sqlite3.connect(source)) as from_, closing(sqlite3.connect(copy)) as to:
            from_.backup(to)
    except sqlite3.Error as error:
        for part in (copy, copy.with_name(f"{copy.name}-journal")):
            with suppress(OSError):
                part.unlink()
        name_database(error, engine)
        failure = failure_of(error)
        raise ProjectError(f"The backup copy {copy} cannot be written ({failure.reason}): {failure.clause}") from error
    return copy
