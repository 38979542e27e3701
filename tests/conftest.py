"""What every test may use: a fresh project on each database, and fixed seeds."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from db.project import OpenProject, create_project, open_project
from db.settings import write_settings
from tests.filled_projects import LABELS

pytest_plugins = ["tests.no_network", "tests.skips_are_failures"]

POSTGRES = os.environ.get("EARMARK_TEST_POSTGRES")


MEMORY, ENOUGH = Path("/dev/shm"), 4 << 30
"""A file system in memory, where Linux has one, and how much must be free there, in bytes."""

SLOWEST = (
    "tests/test_main_job.py",
    "tests/learner/encoder_training/",
    "tests/test_sudden_death.py",
    "tests/test_wheel.py",
    "tests/trouble/",
)
"""Files that come first, so that no process is left alone with them at the end."""


def pytest_configure() -> None:
    """Let the folders of tests lie in memory: a disk needs some milliseconds to make a commit durable, and tests commit often."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    # `earmark serve` remembers the projects of its user, which tests are none of.
    os.environ["XDG_CONFIG_HOME"] = mkdtemp(prefix="earmark-tests-")


def pytest_unconfigure() -> None:
    """Leave nothing behind of what `pytest_configure` made."""
    shutil.rmtree(os.environ["XDG_CONFIG_HOME"], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slowest files first."""
    items.sort(key=lambda item: not item.nodeid.startswith(SLOWEST))


@pytest.fixture(autouse=True)
def seeds() -> None:
    """Every test starts from the same random numbers."""
    random.seed(0)
    np.random.seed(0)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Engine]:
    """The server that makes and drops databases for tests."""
    if not POSTGRES:
        pytest.skip("EARMARK_TEST_POSTGRES names no server")
    server = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    yield server
    server.dispose()


@contextmanager
def database(server: Engine, *, template: str = "template1") -> Iterator[str]:
    """The address of a new database, a copy of this one; it is dropped at the end."""
    name = f"earmark_{os.getpid()}_{random.SystemRandom().getrandbits(32):08x}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield server.url.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def postgres_url(postgres_server: Engine) -> Iterator[str]:
    """An empty PostgreSQL database of this test's own."""
    with database(postgres_server) as url:
        yield url


@pytest.fixture
def another_postgres_url(postgres_server: Engine) -> Iterator[str]:
    """A second one."""
    with database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with an empty project, to copy."""
    with database(postgres_server) as url:
        create_project(tmp_path_factory.mktemp("postgres_template") / "project", labels=LABELS, database_url=url).close()
        yield str(make_url(url).database)


@pytest.fixture
def postgres_project(postgres_server: Engine, postgres_template: str, tmp_path: Path) -> Iterator[OpenProject]:
    """An empty project on PostgreSQL."""
    folder = tmp_path / "project"
    folder.mkdir()
    with database(postgres_server, template=postgres_template) as url:
        write_settings(folder, database_url=url)
        opened = open_project(folder)
        yield opened
        opened.close()


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
def any_project(request: pytest.FixtureRequest) -> OpenProject:
    """An empty project, once on each database."""
    opened: OpenProject = request.getfixturevalue("project" if request.param == "sqlite" else "postgres_project")
    return opened
