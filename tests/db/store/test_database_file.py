"""A SQLite file that is deleted, moved or replaced while it is in use: nothing is written into it, and the error says so."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from db.errors import DatabaseGoneError
from db.project import OpenProject, open_project
from db.records.people.annotators import annotator_named
from db.store.change_watch import ChangeWatch


def names(project: OpenProject) -> list[str]:
    with project.read() as session:
        return list(session.scalars(text("SELECT name FROM annotator ORDER BY id")))


def add(project: OpenProject, name: str) -> None:
    with project.write() as session:
        annotator_named(session, name)


def expect_gone(project: OpenProject) -> None:
    with pytest.raises(DatabaseGoneError, match="deleted, moved or replaced while it was in use"):
        names(project)
    with pytest.raises(DatabaseGoneError):
        add(project, "lost")
    with ChangeWatch(project.engine) as watch, pytest.raises(DatabaseGoneError):
        watch.version()


def file_of(project: OpenProject) -> Path:
    return project.directory / "earmark.sqlite"


def test_a_project_that_is_moved_is_noticed_and_goes_on_when_it_is_back(project: OpenProject) -> None:
    add(project, "before")
    moved = project.directory.rename(project.directory.with_name("moved"))
    expect_gone(project)
    moved.rename(project.directory)
    add(project, "after")
    assert names(project) == ["before", "after"]


def test_a_folder_that_leads_to_where_it_was_moved_is_as_good(project: OpenProject) -> None:
    add(project, "before")
    moved = project.directory.rename(project.directory.with_name("moved"))
    project.directory.symlink_to(moved)
    add(project, "after")
    assert names(project) == ["before", "after"]


def test_a_file_that_is_deleted_is_noticed_and_not_made_anew(project: OpenProject) -> None:
    add(project, "before")
    file_of(project).unlink()
    expect_gone(project)
    project.engine.dispose()
    expect_gone(project)
    assert not file_of(project).exists()


def test_another_file_in_its_place_is_not_taken_for_it(project: OpenProject, tmp_path: Path) -> None:
    """A backup that was put back knows other clips by the same numbers: only a new start can use it."""
    add(project, "before")
    shutil.copy(file_of(project), tmp_path / "copy")
    (tmp_path / "copy").replace(file_of(project))
    expect_gone(project)


def test_a_file_that_goes_during_a_transaction_acknowledges_nothing(project: OpenProject) -> None:
    def write_and_delete() -> None:
        with project.write() as session:
            annotator_named(session, "lost")
            file_of(project).unlink()

    with pytest.raises(DatabaseGoneError):
        write_and_delete()


@pytest.mark.parametrize("end", ["-wal", "-shm"])
def test_the_files_beside_it_belong_to_it(project: OpenProject, end: str) -> None:
    add(project, "before")
    beside = file_of(project).with_name(f"earmark.sqlite{end}")
    kept = beside.rename(beside.with_name("kept"))
    with pytest.raises(DatabaseGoneError, match=f"its name ends in {end}"):
        add(project, "lost")
    kept.rename(beside)
    add(project, "after")
    assert names(project) == ["before", "after"]


def test_another_process_that_comes_and_goes_disturbs_nobody(project: OpenProject) -> None:
    add(project, "before")
    for name in ("one", "two"):
        other = open_project(project.directory)
        add(other, name)
        other.close()
    add(project, "after")
    assert names(project) == ["before", "one", "two", "after"]
