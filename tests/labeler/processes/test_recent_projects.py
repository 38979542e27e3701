"""The projects that the start page offers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from db.settings import SETTINGS_FILE
from labeler.processes.recent_projects import MOST, recent_projects, remember_project


@pytest.fixture(autouse=True)
def own_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "earmark" / "projects.json"


def made(folder: Path) -> Path:
    folder.mkdir()
    (folder / SETTINGS_FILE).touch()
    return folder


def test_the_newest_is_first_and_each_is_listed_once(tmp_path: Path) -> None:
    one, two = made(tmp_path / "one"), made(tmp_path / "two ü")
    for project in (one, two, one):
        remember_project(project)
    assert recent_projects() == [one, two]


def test_only_so_many_are_kept_and_none_that_is_gone(tmp_path: Path) -> None:
    folders = [made(tmp_path / str(number)) for number in range(MOST + 3)]
    for folder in folders:
        remember_project(folder)
    assert len(recent_projects()) == MOST
    shutil.rmtree(folders[-1])
    assert recent_projects()[0] == folders[-2]


@pytest.mark.parametrize("content", ["", "{}", "[1, null]", '["relative"]', "[" * 100_000, '["/a\\u0000b"]'])
def test_a_damaged_list_is_an_empty_one(own_list: Path, content: str) -> None:
    own_list.parent.mkdir(parents=True)
    own_list.write_text(content, encoding="utf-8")
    assert recent_projects() == []


def test_a_list_that_cannot_be_written_is_no_failure(tmp_path: Path, own_list: Path) -> None:
    own_list.parent.parent.mkdir()
    own_list.parent.touch()
    remember_project(made(tmp_path / "one"))
    assert recent_projects() == []
