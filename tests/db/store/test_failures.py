"""What a failure of the database or of a file means: the sentence that a person reads. Most failures here are real ones."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import psycopg.errors
import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.backups.backing_up import back_up
from db.backups.restoring import restore
from db.errors import EarmarkError, ProjectError
from db.project import OpenProject, create_project, open_project
from db.store import engine as engines
from db.store.failures import STORE_ERRORS, Failure, Kind, failure_of
from db.store.upgrade import backup
from labeler.cli.main import main
from tests.filled_projects import LABELS, add_clips, answer
from tests.trouble.small_disk import fill, mounted


def failure(doing: Callable[[], object], *, place: Path | None = None) -> Failure:
    """Of something that must fail."""
    with pytest.raises(STORE_ERRORS) as failed:
        doing()
    return failure_of(failed.value, place=place)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes that holds nothing."""
    with mounted(tmp_path / "disk", megabytes=4) as is_small:
        if not is_small:
            pytest.skip("a disk can be made by root only")
        yield tmp_path / "disk"


@pytest.fixture
def on_small_disk(small_disk: Path) -> Iterator[OpenProject]:
    """A project on the small disk."""
    opened = create_project(small_disk / "project", labels=LABELS)
    yield opened
    opened.close()


def test_a_full_disk_is_called_full_and_works_again_with_room(on_small_disk: OpenProject) -> None:
    clips = add_clips(on_small_disk, 2)
    answer(on_small_disk, clips[0])
    disk = on_small_disk.directory.parent
    fill(disk)
    found = failure(lambda: add_clips(on_small_disk, 500))
    assert found.sentence == (
        f"The disk of {on_small_disk.directory} is full (database or disk is full); make room on it, then try again."
    )
    (disk / "filler").unlink()
    answer(on_small_disk, clips[1])


def test_every_command_says_that_the_disk_is_full(on_small_disk: OpenProject) -> None:
    directory = on_small_disk.directory
    on_small_disk.close()
    fill(directory.parent)
    for command in (["status"], ["queue"], ["learn", "--once"]):
        result = CliRunner().invoke(main, ["--project", str(directory), *command])
        assert result.exit_code == 1
        assert result.stderr.startswith(f"Error: The disk of {directory} is full (")
        assert result.stderr.count("\n") == 1
    assert [path.name for path in directory.rglob("*.part")] == []
    result = CliRunner().invoke(main, ["--project", str(directory.parent / "new"), "init", "--labels", "a"])
    assert result.exit_code == 1
    assert "is full; make room on it" in result.stderr


def test_a_backup_on_a_full_disk_leaves_the_older_one(project: OpenProject, small_disk: Path) -> None:
    output = small_disk / "b.zip"
    back_up(project, output)
    older = output.read_bytes()
    (small_disk / "room").write_bytes(bytes(64 * 1024))
    fill(small_disk)
    for _ in range(2):
        full = rf"the disk of {small_disk} is full; make room|{output} cannot be written \(No space left on device\)"
        with pytest.raises(EarmarkError, match=full):
            back_up(project, output)
        assert sorted(path.name for path in small_disk.iterdir() if path.name != "room") == ["b.zip", "filler"]
        # Now there is room for the copy of the database, but none for the backup.
        (small_disk / "room").unlink(missing_ok=True)
    assert output.read_bytes() == older


def test_a_restore_onto_a_disk_without_room_leaves_nothing(
    project: OpenProject, small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(project, tmp_path / "b.zip")
    fill(small_disk)
    with pytest.raises(ProjectError, match="and 0 MB are free; make room there first"):
        restore(tmp_path / "b.zip", small_disk / "again")
    # As if somebody else filled it meanwhile.
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=1 << 40))
    with pytest.raises(ProjectError, match=r"cannot be restored \(No space left on device\)"):
        restore(tmp_path / "b.zip", small_disk / "again")
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


def test_a_backup_copy_on_a_full_disk_leaves_nothing(on_small_disk: OpenProject) -> None:
    before = sorted(path.name for path in on_small_disk.directory.iterdir())
    fill(on_small_disk.directory.parent)
    with pytest.raises(ProjectError, match=r"backup copy .* cannot be written \(.*\): the disk of .* is full; make room on it"):
        backup(on_small_disk.engine)
    assert sorted(path.name for path in on_small_disk.directory.iterdir()) == before


def test_a_read_only_disk_is_called_read_only(on_small_disk: OpenProject) -> None:
    directory = on_small_disk.directory
    clips = add_clips(on_small_disk, 1)
    on_small_disk.close()
    subprocess.run(["mount", "-o", "remount,ro", str(directory.parent)], check=True)
    with pytest.raises(ProjectError, match=f"The disk of {directory} is read-only .*; make it writable"):
        open_project(directory)
    result = CliRunner().invoke(main, ["--project", str(directory), "serve"])
    assert "is read-only" in result.stderr
    subprocess.run(["mount", "-o", "remount,rw", str(directory.parent)], check=True)
    again = open_project(directory)
    answer(again, clips[0])
    again.close()


def test_a_database_that_may_grow_no_more_is_full(project: OpenProject) -> None:
    def grow() -> None:
        with project.write() as session:
            pages = session.execute(text("PRAGMA page_count")).scalar_one()
            session.execute(text(f"PRAGMA max_page_count={pages}"))
            session.execute(text("CREATE TABLE much AS SELECT randomblob(100000) AS bytes"))

    found = failure(grow)
    assert (found.kind, found.place) == (Kind.FULL, str(project.directory))


def test_a_connection_that_may_only_read_has_no_permission(project: OpenProject) -> None:
    def write() -> None:
        with project.write() as session:
            session.execute(text("PRAGMA query_only=1"))
            session.execute(text("CREATE TABLE new (id INTEGER)"))

    found = failure(write)
    assert found.sentence.startswith(
        f"This user has no permission to use {project.directory} (attempt to write a readonly database)"
    )


def test_a_damaged_database_is_called_damaged_whoever_meets_it(project: OpenProject) -> None:
    add_clips(project, 1)
    project.close()
    file = project.directory / "earmark.sqlite"
    shutil.copy(file, project.directory / "kept")
    file.write_bytes(b"no database" * 1000)
    found = failure(lambda: project.engine.connect())
    assert found.sentence == (
        f"The database of {project.directory} is damaged (file is not a database); "
        "stop Earmark, keep a copy of the file, and restore the newest backup."
    )
    with pytest.raises(ProjectError, match="is damaged .*restore the newest backup"):
        open_project(project.directory)


def test_damage_that_an_open_connection_meets_is_an_error_of_sqlalchemy(project: OpenProject) -> None:
    """It was a bare `sqlite3.DatabaseError` when a transaction began, which ended whoever expects the errors of SQLAlchemy."""
    add_clips(project, 1)
    file = project.directory / "earmark.sqlite"
    with closing(sqlite3.connect(file)) as other:
        # What the project's connection has read before is no longer valid, so that it reads the file again.
        other.execute("UPDATE project SET created_at = 1")
        other.commit()
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        file.write_bytes(b"no database" * 1000)
        with pytest.raises(DBAPIError) as failed, project.write() as session:
            session.execute(text("SELECT 1"))
    found = failure_of(failed.value)
    assert (found.kind, found.place) == (Kind.DAMAGED, str(project.directory))


def test_a_locked_database_is_called_busy(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.05)
    with project.write() as first:
        first.execute(text("SELECT 1"))
        found = failure(lambda: add_clips(project, 1))
    assert found.kind is Kind.BUSY
    assert found.sentence.startswith(f"Another program keeps the database of {project.directory} locked (database is locked)")
    assert found.for_page.startswith("Another program keeps the database of the project locked; wait a little.")


def test_a_database_whose_folder_is_gone_is_called_gone(tmp_path: Path) -> None:
    engine = engines.connect(f"sqlite:///{tmp_path / 'gone' / 'earmark.sqlite'}")
    found = failure(engine.connect)
    assert found.sentence.startswith(f"The file or folder of {tmp_path / 'gone'} is no longer there (unable to open")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (errno.ENOSPC, "The disk of '/data/a.wav' is full"),
        (errno.EDQUOT, "The disk of '/data/a.wav' is full"),
        (errno.EROFS, "The disk of '/data/a.wav' is read-only"),
        (errno.EACCES, "This user has no permission to use '/data/a.wav'"),
        (errno.EIO, "The disk of '/data/a.wav' reports an error"),
        (errno.EMFILE, "This process has as many files open as it may"),
        (errno.ENAMETOOLONG, "'/data/a.wav' cannot be used"),
    ],
)
def test_an_error_of_the_system_names_the_file(code: int, sentence: str) -> None:
    found = failure_of(OSError(code, os.strerror(code), "/data/a.wav"))
    assert found.sentence.startswith(f"{sentence} ({os.strerror(code)}); ")
    assert found.is_known == (code != errno.ENAMETOOLONG)


def test_a_full_disk_without_a_name_is_that_of_no_file_in_particular(tmp_path: Path) -> None:
    found = failure(lambda: Path("/dev/full").write_text("x" * 100_000), place=tmp_path)
    assert found.sentence == "The disk of a file in use is full (No space left on device); make room on it, then try again."


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", Kind.SERVER_FULL),
        ("53200", Kind.SERVER_SHORT),
        ("53300", Kind.SERVER_SHORT),
        ("57P01", Kind.SERVER_STOPPING),
        ("57P03", Kind.SERVER_STOPPING),
        ("57014", Kind.SERVER_STOPPED_IT),
        ("08006", Kind.SERVER_AWAY),
        ("25006", Kind.SERVER_READ_ONLY),
        ("40P01", Kind.SERVER_BUSY),
        ("28P01", Kind.SERVER_REFUSES),
        ("58030", Kind.SERVER_FAILS),
        ("22021", Kind.STATEMENT),
    ],
)
def test_postgresql_errors_are_known_by_their_class(state: str, kind: Kind) -> None:
    found = failure_of(OperationalError("INSERT", {}, psycopg.errors.lookup(state)("what the server wrote\nDETAIL: more")))
    assert found.kind is kind
    assert "(what the server wrote); " in found.sentence


def test_a_server_that_is_not_there_cannot_be_reached(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"the PostgreSQL server cannot be reached; check that it is running"):
        create_project(tmp_path / "new", labels=["a"], database_url="postgresql://nobody@127.0.0.1:1/none")


@pytest.mark.postgres
def test_what_a_real_server_does(tmp_path: Path, postgres_url: str) -> None:
    project = create_project(tmp_path / "new", labels=["a"], database_url=postgres_url)

    def ask(statement: str) -> Callable[[], object]:
        def asked() -> None:
            with project.write() as session:
                session.execute(text(statement))

        return asked

    assert failure(ask("SELECT pg_terminate_backend(pg_backend_pid())")).kind is Kind.SERVER_STOPPING
    project.engine.dispose()
    assert failure(ask("SET LOCAL statement_timeout = 10; SELECT pg_sleep(10)")).kind is Kind.SERVER_STOPPED_IT
    assert failure(ask("SET TRANSACTION READ ONLY; CREATE TABLE new (id INTEGER)")).kind is Kind.SERVER_READ_ONLY
    assert failure(ask("no statement")).kind is Kind.STATEMENT
    project.close()


def test_a_pool_without_a_free_connection_is_busy() -> None:
    found = failure_of(PoolTimeout("QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00"))
    assert (found.kind, found.kind.passes) == (Kind.NO_CONNECTION, True)


@pytest.mark.parametrize("kind", Kind)
def test_each_sentence_can_be_read_alone_and_after_a_colon_and_names_nothing_to_annotators(kind: Kind) -> None:
    found = Failure(kind, "/secret/project", "reason")
    assert found.sentence.endswith(".")
    assert found.sentence.count(". ") == 0
    assert found.clause[0] == found.sentence[0].lower()
    assert "secret" not in found.for_page
    assert "reason" not in found.for_page
    assert found.for_page[0].isupper()
