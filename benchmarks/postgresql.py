"""A PostgreSQL database to measure on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from sqlalchemy import create_engine, text

SERVER = os.environ.get("EARMARK_TEST_POSTGRES")
"""Address of the server; without one its rows are left out."""


@contextlib.contextmanager
def database() -> Iterator[str]:
    """The address of an empty database on that server, gone again afterwards."""
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
