"""Restores of files that are cut, damaged or made by a stranger: one sentence, and no project; and restores over a project."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from db.backups.backing_up import back_up
from db.backups.restoring import restore
from db.backups.rows import copy_rows
from db.backups.snapshot import plain_engine
from db.backups.swap import swapped_in
from db.errors import EarmarkError, ProjectError
from db.project import OpenProject, create_project, open_project
from db.store.lock import SERVE_LOCK, locked
from db.store.upgrade import migrate_on, newest_revision
from tests.filled_projects import LABELS, add_clips, answer

Members = dict[str, bytes]

APPEND_ONLY = (
    *("label_change", "clip_change", "withdrawal", "suggestion"),
    *("guideline_version", "comment", "asked_again", "event"),
)


@pytest.fixture(scope="module")
def made_backup(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backup")
    shutil.copytree(template, folder / "project")
    project = open_project(folder / "project")
    answer(project, add_clips(project, 3)[0])
    back_up(project, folder / "b.zip")
    project.close()
    return folder / "b.zip"


@pytest.fixture
def backup(made_backup: Path, tmp_path: Path) -> Path:
    """The file, to change: of a project with three clips and one decision."""
    shutil.copy(made_backup, tmp_path / "b.zip")
    return tmp_path / "b.zip"


def forged(backup: Path, change: Callable[[Members], object]) -> Path:
    """The backup with other members, and a manifest that agrees with them."""
    with zipfile.ZipFile(backup) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members.pop("manifest.json"))
    change(members)
    manifest["members"] = [
        {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()} for name, content in members.items()
    ]
    return written(backup, {**members, "manifest.json": json.dumps(manifest).encode()})


def written(backup: Path, members: Members, *, compression: int = zipfile.ZIP_STORED) -> Path:
    forgery = backup.with_name("forged.zip")
    with zipfile.ZipFile(forgery, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return forgery


def in_database(statement: str) -> Callable[[Members], object]:
    """A change to the database of a backup."""

    def change(members: Members) -> None:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(members["earmark.sqlite"])
            connection.executescript(statement)
            members["earmark.sqlite"] = connection.serialize()

    return change


def assert_refused(backup: Path, why: str) -> None:
    """One sentence, and nothing is left."""
    target = backup.parent / "again"
    with pytest.raises(EarmarkError, match=why) as refused:
        restore(backup, target)
    assert "\n" not in str(refused.value)
    assert not target.exists()


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "heads/../../evil", "heads/run_1.pkl", "cache/x", "learner.lock", "x\n"]
)
def test_a_member_with_another_name_is_refused(backup: Path, name: str) -> None:
    assert_refused(forged(backup, lambda members: members.update({name: b"x"})), "does not belong into a backup")


def test_a_link_is_refused(backup: Path) -> None:
    forgery = forged(backup, lambda members: members.update({"heads/run_1.npz": b"/etc/passwd"}))
    with zipfile.ZipFile(forgery) as archive:
        members = [(entry, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(forgery, "w") as archive:
        for entry, content in members:
            if entry.filename.startswith("heads"):
                entry.external_attr = 0o120777 << 16
            archive.writestr(entry, content)
    assert_refused(forgery, "'heads/run_1.npz' does not belong")


def test_compressed_members_are_refused_since_they_may_unpack_to_anything(backup: Path) -> None:
    assert_refused(written(backup, {"earmark.toml": bytes(1 << 20)}, compression=zipfile.ZIP_DEFLATED), "does not belong")


def test_a_backup_that_is_cut_anywhere_is_refused(backup: Path) -> None:
    content = backup.read_bytes()
    cut = backup.with_name("cut.zip")
    for length in (0, 10, len(content) // 2, len(content) - 1):
        cut.write_bytes(content[:length])
        assert_refused(cut, "is no whole backup")


def test_a_changed_byte_is_noticed(backup: Path) -> None:
    content = bytearray(backup.read_bytes())
    place = content.index(b"SQLite format 3")
    content[place + 9000] ^= 1
    backup.write_bytes(content)
    assert_refused(backup, "earmark.sqlite in the backup .* is damaged")


def test_members_that_are_not_those_of_the_manifest_are_noticed(backup: Path) -> None:
    with zipfile.ZipFile(backup) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    more = written(backup, {**members, "heads/run_1.npz": b"more"})
    assert_refused(more, "its members are not those that its manifest.json names")
    changed = written(backup, {**members, "earmark.toml": members["earmark.toml"].replace(b"0.2", b"0.3")})
    assert_refused(changed, "earmark.toml in the backup .* is damaged")
    del members["earmark.sqlite"]
    assert_refused(written(backup, members), "its members are not those")


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{}", b"\xff", b'{"format": "zip", "version": 1}', b"[" * 100_000])
def test_a_manifest_without_sense_is_refused(backup: Path, manifest: bytes) -> None:
    assert_refused(written(backup, {"manifest.json": manifest}), "is no backup of Earmark")


def test_a_backup_of_a_newer_release_names_it(backup: Path) -> None:
    newer = json.dumps({"format": "earmark-backup", "version": 2, "earmark": "9.1"}).encode()
    assert_refused(written(backup, {"manifest.json": newer}), "was made by a newer Earmark \\(9.1\\); install that release")
    assert_refused(
        forged(backup, in_database("UPDATE alembic_version SET version_num = '9999'")), "schema 9999 of a newer Earmark"
    )


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE clip SET slice_key = 'x'", r"clip.slice_key .* holds other values"),
        ("UPDATE clip SET extra = '{'", r"clip.extra .* holds other values"),
        ("UPDATE clip SET state = 'lost'", r"clip.state .* holds other values"),
        ("UPDATE clip SET extra = '" + "[" * 900 + "]" * 900 + "'", None),
        ("PRAGMA foreign_keys = OFF; DELETE FROM audio_file", "does not hold all rows|refused a statement"),
        ("DELETE FROM flag; DELETE FROM label WHERE name = 'sad'", "does not hold all rows that it names"),
        ("DROP TABLE flag", "lacks the table flag"),
        ("DROP TABLE flag; CREATE VIEW flag AS SELECT * FROM clip", "lacks the table flag"),
        ("ALTER TABLE flag DROP COLUMN note", "lacks the table flag, or a part of it"),
        ("DROP TABLE alembic_version", "was not made by Earmark"),
    ],
)
def test_a_database_with_other_contents_is_refused(backup: Path, statement: str, why: str | None) -> None:
    forgery = forged(backup, in_database(statement))
    if why is None:
        restore(forgery, backup.parent / "again")
    else:
        assert_refused(forgery, why)


def test_triggers_and_views_of_a_stranger_do_not_come_along(backup: Path) -> None:
    evil = "DROP TRIGGER decision_is_append_only_DELETE; CREATE TRIGGER evil AFTER INSERT ON decision BEGIN DELETE FROM flag; END"
    restore(forged(backup, in_database(evil)), backup.parent / "again")
    with closing(sqlite3.connect(backup.parent / "again" / "earmark.sqlite")) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")}
    tables = ("decision", *APPEND_ONLY)
    assert names == {f"{table}_is_append_only_{what}" for table in tables for what in ("UPDATE", "DELETE")}


@pytest.mark.parametrize("database", [b"", b"no database", bytes(8192)])
def test_what_is_no_database_is_refused(backup: Path, database: bytes) -> None:
    assert_refused(
        forged(backup, lambda members: members.update({"earmark.sqlite": database})), "was not made by Earmark|damaged"
    )


def test_settings_without_sense_are_refused(backup: Path) -> None:
    bad = forged(backup, lambda members: members.update({"earmark.toml": b"random_share = 7"}))
    assert_refused(bad, "random_share in earmark.toml of the backup cannot be used")


def test_what_is_no_backup_is_named(backup: Path, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="There is no backup"):
        restore(tmp_path / "none.zip", tmp_path / "again")
    with pytest.raises(ProjectError, match="is no file"):
        restore(tmp_path, tmp_path / "again")
    with pytest.raises(ProjectError, match="is no PostgreSQL database"):
        restore(backup, tmp_path / "again", database_url=f"sqlite:///{tmp_path}/x.db")


@pytest.mark.postgres
def test_a_database_in_use_is_left_as_it_is(backup: Path, postgres_url: str, tmp_path: Path) -> None:
    other = create_project(tmp_path / "other", labels=LABELS, database_url=postgres_url)
    with pytest.raises(ProjectError, match="holds tables already; give an empty database"):
        restore(backup, tmp_path / "again", database_url=postgres_url)
    other.close()


@pytest.mark.postgres
def test_a_database_is_filled_completely_or_not_at_all(backup: Path, postgres_url: str, tmp_path: Path) -> None:
    too_large = forged(backup, in_database("UPDATE label SET position = 99999999999"))
    with pytest.raises(ProjectError, match="refused a statement"):
        restore(too_large, tmp_path / "again", database_url=postgres_url)
    restore(backup, tmp_path / "again", database_url=postgres_url)


def test_a_failure_between_two_renames_undoes_those_before(tmp_path: Path) -> None:
    for name in ("new", "project", "old"):
        (tmp_path / name).mkdir()
    for name in ("new", "project"):
        (tmp_path / name / "earmark.toml").write_text(name)
        (tmp_path / name / "heads").mkdir()

    def content() -> list[str]:
        return sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))

    before = content()

    def stopped() -> None:
        with swapped_in(tmp_path / "new", tmp_path / "project", old=tmp_path / "old"):
            assert (tmp_path / "project" / "earmark.toml").read_text() == "new"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert content() == before
    assert (tmp_path / "project" / "earmark.toml").read_text() == "project"


class TestOverAProject:
    def test_it_is_refused_unless_wished(self, backup: Path, project: OpenProject) -> None:
        with pytest.raises(ProjectError, match="already holds a project.*--replace"):
            restore(backup, project.directory)

    def test_the_older_one_is_set_aside(self, backup: Path, project: OpenProject) -> None:
        answer_two(project)
        (project.directory / "our audio.wav").touch()
        replaced = restore(backup, project.directory, replace=True).replaced
        assert replaced is not None
        assert decisions(project.directory) == 1
        assert decisions(replaced) == 2
        assert {path.name for path in project.directory.iterdir()} == {
            *("earmark.toml", "earmark.sqlite", "features", "heads", "cache", "our audio.wav", replaced.name)
        }

    def test_a_failure_leaves_it_as_it_was(self, backup: Path, project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
        answer_two(project)
        before = {path.name for path in project.directory.iterdir()}

        def failing(_seconds: str) -> str:
            return "x" * 300

        monkeypatch.setattr("time.strftime", failing)
        with pytest.raises(ProjectError, match="cannot be restored"):
            restore(backup, project.directory, replace=True)
        assert {path.name for path in project.directory.iterdir()} == before
        assert decisions(project.directory) == 2

    def test_it_is_refused_while_earmark_serves_it(self, backup: Path, project: OpenProject) -> None:
        with (
            locked(project.directory / SERVE_LOCK, refused=ProjectError),
            pytest.raises(ProjectError, match="is in use by `earmark`"),
        ):
            restore(backup, project.directory, replace=True)


def answer_two(project: OpenProject) -> None:
    for clip_id in add_clips(project, 2):
        answer(project, clip_id)
    project.close()


def decisions(directory: Path) -> int:
    opened = open_project(directory)
    with opened.engine.connect() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM decision").scalar()
    opened.close()
    return int(count or 0)


@pytest.mark.parametrize("target", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_a_backup_of_an_older_release_is_upgraded(
    backup: Path, tmp_path: Path, target: str, request: pytest.FixtureRequest
) -> None:

    def in_the_first_schema(members: Members) -> None:
        (tmp_path / "today").write_bytes(members["earmark.sqlite"])
        today, first = plain_engine(tmp_path / "today"), plain_engine(tmp_path / "first")
        with today.connect() as reading, first.connect() as writing:
            migrate_on(writing, to="0001")
            copy_rows(reading, writing)
            writing.commit()
        today.dispose()
        first.dispose()
        members["earmark.sqlite"] = (tmp_path / "first").read_bytes()

    url = None if target == "sqlite" else str(request.getfixturevalue("postgres_url"))
    report = restore(forged(backup, in_the_first_schema), tmp_path / "again", database_url=url)
    assert report.schema_before == "0001" != newest_revision()
    assert decisions(tmp_path / "again") == 1
