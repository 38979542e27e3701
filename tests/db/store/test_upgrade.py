"""A database of an older release: refused in one sentence, upgraded by one command, which first makes a backup copy."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

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


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def before_roles(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """A database of the release before people had roles, with three annotators, a clip and an answer."""
    is_sqlite = request.param == "sqlite"
    engine = create_engine(f"sqlite:///{tmp_path / 'old.db'}" if is_sqlite else request.getfixturevalue("postgres_url"))
    with engine.connect() as connection:
        upgrade.migrate_on(connection, to="0003")
        for row in BEFORE_ROLES:
            connection.execute(text(row))
        connection.commit()
        yield connection
    engine.dispose()


BEFORE_ROLES = (
    "INSERT INTO project (id, uuid, created_at, secret) VALUES (1, 'u', 1.0, 's')",
    "INSERT INTO label (id, name, position, active) VALUES (1, 'sad', 0, true)",
    "INSERT INTO annotator (id, name, created_at) VALUES (1, 'Ann', 1.0), (2, 'ANN', 2.0), (3, 'Straße', 3.0)",
    "INSERT INTO audio_file (id, path, size, mtime_ns, content_hash, sampling_rate, channels, duration) "
    "VALUES (1, '/a.wav', 1, 1, 'h', 16000, 1, 1.0)",
    'INSERT INTO clip (id, file_id, content_hash, start, "end", file_name, extra, slice_key, state, created_at) '
    "VALUES (1, 1, 'h', 0.0, 1.0, 'a.wav', '{}', 0.5, 'ready', 1.0)",
    "INSERT INTO decision (uuid, clip_id, annotator_id, answer, label_id, source, suggestion_shown, gold, created_at) "
    "VALUES ('d', 1, 2, 'label', 1, 'random', false, false, 4.0)",
)


def test_people_of_an_older_release_keep_their_rows_and_get_the_key_of_their_names(before_roles: Connection) -> None:
    upgrade.migrate_on(before_roles)
    people = before_roles.execute(text("SELECT name, name_key, identity, role FROM annotator ORDER BY id")).all()
    assert [tuple(row) for row in people] == [
        ("Ann", "ann", None, None),
        ("ANN", "ann", None, None),
        ("Straße", "strasse", None, None),
    ]
    assert before_roles.execute(text("SELECT uuid, annotator_id FROM decision")).all() == [("d", 2)]
    assert before_roles.execute(text("SELECT embedding_paused FROM project")).scalar() is None


@pytest.mark.parametrize(
    ("row", "change"),
    [
        ("event (kind, details, created_at) VALUES ('role', '{}', 1.0)", "DELETE FROM event"),
        ("event (kind, details, created_at) VALUES ('role', '{}', 1.0)", "UPDATE event SET kind = 'x'"),
        ("guideline_version (content, after_decision_id, created_at) VALUES ('{}', 0, 1.0)", "DELETE FROM guideline_version"),
        ("asked_again (clip_id, after_decision_id, created_at) VALUES (1, 0, 1.0)", "DELETE FROM asked_again"),
        (
            "comment (uuid, clip_id, annotator_id, text, settled, created_at) VALUES ('c', 1, 1, 'why?', false, 1.0)",
            "UPDATE comment SET text = 'x'",
        ),
        (
            "comment (uuid, clip_id, annotator_id, text, settled, created_at) VALUES ('c', 1, 1, 'why?', false, 1.0)",
            "DELETE FROM comment",
        ),
        ("annotator (id, name, created_at) VALUES (9, 'New', 1.0)", "DELETE FROM decision"),
    ],
)
def test_rows_of_the_new_tables_and_of_decisions_stay(before_roles: Connection, row: str, change: str) -> None:
    upgrade.migrate_on(before_roles)
    before_roles.execute(text(f"INSERT INTO {row}"))
    before_roles.commit()
    with pytest.raises(DBAPIError, match="append-only|withdrawn|refuse"):
        before_roles.execute(text(change))
    before_roles.rollback()
