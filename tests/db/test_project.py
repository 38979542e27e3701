"""Making and opening projects, and the errors where that is impossible."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db.decisions.log import live_decisions, newest_decision_id
from db.errors import LabelError, ProjectError, SchemaError, SettingsError
from db.models import Base
from db.mounts import refuse_network_file_system
from db.project import OpenProject, create_project, open_project
from db.records.labels import active_labels
from db.settings import SETTINGS_FILE, Settings
from db.store import engine as engines
from db.store.upgrade import backup
from tests.filled_projects import LABELS, add_clips, answer


def test_a_project_opens_again_with_its_labels(any_project: OpenProject) -> None:
    again = open_project(any_project.directory)
    with again.read() as session:
        assert tuple(label.name for label in active_labels(session)) == LABELS
    assert again.info().uuid == any_project.info().uuid
    again.close()


def test_migrations_make_exactly_the_tables_of_the_models(any_project: OpenProject) -> None:
    with any_project.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata) == []


@pytest.mark.parametrize("labels", [[], [""], ["a", "a"], ["a\nb"], ["x" * 101]])
def test_a_bad_label_set_makes_no_project(tmp_path: Path, labels: list[str]) -> None:
    with pytest.raises(LabelError):
        create_project(tmp_path / "new", labels=labels)
    assert not (tmp_path / "new").exists()


def test_a_project_is_never_made_over_another(project: OpenProject) -> None:
    with pytest.raises(ProjectError, match="already holds a project"):
        create_project(project.directory, labels=["a"])


def test_a_folder_without_project_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"There is no project in .* init --labels"):
        open_project(tmp_path)


def test_a_missing_database_is_not_silently_replaced_by_a_new_one(project: OpenProject) -> None:
    project.close()
    (project.directory / "earmark.sqlite").unlink()
    with pytest.raises(ProjectError, match="is missing"):
        open_project(project.directory)


@pytest.mark.parametrize(
    "line",
    [
        "random_share = 2",
        "random_share = 'much'",
        "no_such_key = 1",
        "head_c = 1e308",
        "head_c = 1e-308",
        "head_c = inf",
        "head_c = nan",
        "lease_seconds = 1e308",
        "lease_seconds = inf",
        "queue_size = 9223372036854775808",
        "least_heard = nan",
    ],
)
def test_a_bad_setting_is_named(project: OpenProject, line: str) -> None:
    (project.directory / SETTINGS_FILE).write_text(line)
    with pytest.raises(SettingsError, match=line.split(" ")[0]):
        open_project(project.directory)


def test_a_settings_file_that_is_not_toml_is_named(project: OpenProject) -> None:
    (project.directory / SETTINGS_FILE).write_text("random_share =")
    with pytest.raises(SettingsError, match=r"earmark\.toml cannot be read"):
        open_project(project.directory)


@pytest.mark.parametrize("content", ["head_c = " + "9" * 5000, "label_keys = " + "[" * 5000], ids=["a long number", "nested"])
def test_a_settings_file_that_python_cannot_hold_is_named(project: OpenProject, content: str) -> None:
    (project.directory / SETTINGS_FILE).write_text(content)
    with pytest.raises(SettingsError, match=r"earmark\.toml cannot be read"):
        open_project(project.directory)


def test_the_environment_overrides_the_settings_file(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_RANDOM_SHARE", "0.5")
    assert open_project(project.directory).settings.random_share == 0.5


def test_a_new_settings_file_holds_the_defaults(project: OpenProject) -> None:
    assert project.settings == Settings()


@pytest.mark.parametrize(("revision", "remedy"), [("9999", "newer Earmark"), (None, "not made by Earmark")])
def test_another_schema_is_refused_in_one_sentence(project: OpenProject, revision: str | None, remedy: str) -> None:
    with project.engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        if revision:
            connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
    with pytest.raises(SchemaError, match=remedy):
        open_project(project.directory)


def test_a_backup_copy_holds_every_decision(project: OpenProject) -> None:
    answer(project, add_clips(project, 1)[0])
    copy = backup(project.engine)
    assert copy is not None
    connection = sqlite3.connect(copy)
    assert connection.execute("SELECT count(*) FROM decision").fetchone() == (1,)
    connection.close()


@pytest.mark.parametrize("statement", ["UPDATE decision SET seconds = 1", "DELETE FROM decision"])
def test_the_database_itself_refuses_to_change_decisions(any_project: OpenProject, statement: str) -> None:
    answer(any_project, add_clips(any_project, 1)[0])
    with pytest.raises(DBAPIError, match="append-only"), any_project.write() as session:
        session.execute(text(statement))


def test_sqlite_waits_for_other_writers_and_survives_power_cuts(project: OpenProject) -> None:
    with project.read() as session:
        settings = {
            name: session.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous", "busy_timeout")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": engines.BUSY_SECONDS * 1000}


def test_a_network_file_system_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = f"/dev/sda / ext4 rw 0 0\nserver:/share {tmp_path} nfs4 rw 0 0\n"
    monkeypatch.setattr(Path, "read_text", lambda self, **_: mounts)
    with pytest.raises(ProjectError, match="network file system .* \\(nfs4\\)"):
        refuse_network_file_system(tmp_path / "earmark.sqlite")


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y", "postgresql://nobody@127.0.0.1:1/none"])
def test_a_database_that_cannot_be_used_is_named(tmp_path: Path, url: str) -> None:
    with pytest.raises(ProjectError):
        create_project(tmp_path / "new", labels=["a"], database_url=url)
    assert not (tmp_path / "new" / SETTINGS_FILE).exists()


def test_one_read_session_sees_one_state_of_the_database(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 2)
    answer(any_project, clips[0])
    with any_project.read() as session:
        live = live_decisions(session)
        answer(any_project, clips[1])
        assert newest_decision_id(session) == live[-1].id, "otherwise the learner would count the new answer as seen"


@pytest.mark.parametrize("name", ["why?", "100%41", "a#b", "a b@:c"])
def test_a_project_lies_in_the_directory_with_its_name(tmp_path: Path, name: str) -> None:
    create_project(tmp_path / name, labels=["a"]).close()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    open_project(tmp_path / name).close()


def test_a_sqlite_url_means_the_same_file_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    create_project(tmp_path / "new", labels=["a"], database_url="sqlite:///Zoë 👍.db").close()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    open_project(tmp_path / "new").close()
    with pytest.raises(ProjectError, match="names no file"):
        create_project(tmp_path / "other", labels=["a"], database_url="sqlite://")


def test_labels_without_a_settings_file_are_never_overwritten(project: OpenProject) -> None:
    project.close()
    (project.directory / SETTINGS_FILE).unlink()
    with pytest.raises(ProjectError, match=r"already holds a project; write an empty earmark\.toml"):
        create_project(project.directory, labels=["a"])
    (project.directory / SETTINGS_FILE).touch()
    open_project(project.directory).close()
