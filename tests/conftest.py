"""What every test may use: a fresh project on each database, and fixed seeds."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from db.project import OpenProject, create_project, open_project
from tests.filled_projects import LABELS

pytest_plugins = ["tests.no_network", "tests.skips_are_failures"]

POSTGRES = os.environ.get("EARMARK_TEST_POSTGRES")


SLOWEST = ("tests/test_main_job.py", "tests/learner/encoder_training/", "tests/test_sudden_death.py", "tests/test_wheel.py")
"""Files that come first, so that no process is left alone with them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slowest files first."""
    items.sort(key=lambda item: not item.nodeid.startswith(SLOWEST))


@pytest.fixture(autouse=True)
def seeds() -> None:
    """Every test starts from the same random numbers."""
    random.seed(0)
    np.random.seed(0)


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL database of this test's own."""
    with _postgres_database() as url:
        yield url


@pytest.fixture
def another_postgres_url() -> Iterator[str]:
    """A second one."""
    with _postgres_database() as url:
        yield url


@contextmanager
def _postgres_database() -> Iterator[str]:
    if not POSTGRES:
        pytest.skip("EARMARK_TEST_POSTGRES names no server")
    name = f"earmark_{os.getpid()}_{random.SystemRandom().getrandbits(32):08x}"
    server = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.url.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty project on SQLite, to copy: that takes a quarter of the time of making one."""
    folder = tmp_path_factory.mktemp("template") / "project"
    create_project(folder, labels=LABELS).close()
    return folder


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Iterator[OpenProject]:
    """An empty project on SQLite."""
    shutil.copytree(template, tmp_path / "project")
    opened = open_project(tmp_path / "project")
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def any_project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenProject]:
    """An empty project, once on each database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("project")
        return
    opened = create_project(tmp_path / "project", labels=LABELS, database_url=request.getfixturevalue("postgres_url"))
    yield opened
    opened.close()
