"""Rows that are measured on SQLite, and on PostgreSQL where there is a server."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator

from sqlalchemy import create_engine, text

from benchmarks.measuring.rows import Figures, row

SERVER = os.environ.get("EARMARK_TEST_POSTGRES")
"""Address of the server; without one its rows are left out."""


@contextlib.contextmanager
def database() -> Iterator[str]:
    """The address of an empty database on that server, which is dropped afterwards."""
    server = create_engine(SERVER or "", isolation_level="AUTOCOMMIT")
    name = f"earmark_bench_{os.getpid()}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield server.url.set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()


def on_both(name: str, measured: Callable[[str | None], Figures], *, what: str, against: str) -> None:
    """Register a row for SQLite on the disk of the temporary folder, and one for a new database on the server.

    Args:
        measured: takes the database's address; None stands for SQLite.
    """

    def on_server() -> Figures:
        with database() as address:
            return measured(address)

    row(name, what=f"{what} (SQLite)", against=against)(lambda: measured(None))
    if SERVER:
        row(f"{name}-postgresql", what="The same on PostgreSQL", against=against)(on_server)
