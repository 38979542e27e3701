"""A database of an older release: refused in one sentence, upgraded by one command, which first makes a backup copy."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import inspect, text

from db.errors import ProjectError, SchemaError
from db.project import OpenProject, create_project, open_project
from db.store import upgrade
from labeler.cli.main import main
from tests.filled_projects import add_clips, answer

TODAY = upgrade.newest_revision()
NEXT_MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "TODAY"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("decision") as table:
        table.add_column(sa.Column("mood", sa.Text(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError
"""


@pytest.fixture
def next_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An Earmark with one more migration than today's."""
    migrations = tmp_path / "migrations"
    shutil.copytree(upgrade.MIGRATIONS, migrations)
    (migrations / "versions" / "next.py").write_text(NEXT_MIGRATION.replace("TODAY", TODAY), encoding="utf-8")
    monkeypatch.setattr(upgrade, "MIGRATIONS", migrations)


@pytest.mark.usefixtures("next_release")
def test_an_older_database_is_upgraded_after_a_backup_copy(tmp_path: Path) -> None:
    directory = make_with_todays_release(tmp_path)
    with pytest.raises(SchemaError, match=rf"older schema {TODAY}; run `earmark upgrade`"):
        open_project(directory)

    result = CliRunner().invoke(main, ["--project", str(directory), "upgrade", "--json"])
    document = json.loads(result.stdout)
    assert (document["from"], document["to"]) == (TODAY, "next")

    project = open_project(directory)
    assert "mood" in {column["name"] for column in inspect(project.engine).get_columns("decision")}
    project.close()
    with sqlite3.connect(document["backup"]) as copy:
        assert copy.execute("SELECT count(*) FROM decision").fetchone() == (1,)
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == (TODAY,)
    copy.close()


def make_with_todays_release(tmp_path: Path) -> Path:
    """A project with one decision, at today's schema."""
    with pytest.MonkeyPatch.context() as today:
        today.setattr(upgrade, "MIGRATIONS", Path(upgrade.__file__).parent / "migrations")
        project: OpenProject = create_project(tmp_path / "old", labels=["angry"])
    answer(project, add_clips(project, 1)[0])
    project.close()
    return project.directory


@pytest.mark.parametrize(("revision", "remedy"), [("9999", "newer Earmark"), (None, "not made by Earmark")])
def test_only_an_older_database_is_upgraded(project: OpenProject, revision: str | None, remedy: str) -> None:
    with project.engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        if revision:
            connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
    result = CliRunner().invoke(main, ["--project", str(project.directory), "upgrade"])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert remedy in result.stderr
    assert list(project.directory.glob("*.backup")) == []


def test_a_backup_that_cannot_be_written_is_named(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.strftime", lambda _format: "x" * 250)
    with pytest.raises(ProjectError, match="backup copy .* cannot be written"):
        upgrade.backup(project.engine)
