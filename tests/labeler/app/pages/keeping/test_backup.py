"""The page Export's part that makes a backup: what it writes, offers and refuses."""

from __future__ import annotations

import errno
import os
import stat
import sys
import zipfile
from pathlib import Path
from typing import NoReturn

import pytest
from streamlit.testing.v1 import AppTest

from db.backups.archive import ArchiveWriter
from db.project import OpenProject
from labeler.app.opened import VARIABLE
from labeler.app.pages.keeping import backup
from tests.filled_projects import add_clips, answer


def part_of_a_page() -> None:
    """The script of a page."""
    from labeler.app.opened import serving
    from labeler.app.pages.keeping.backup import show_backup

    show_backup(serving())


@pytest.fixture
def page(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setenv(VARIABLE, str(project.directory))
    answer(project, add_clips(project, 3)[0])
    return AppTest.from_function(part_of_a_page, default_timeout=60).run()


def made(project: OpenProject) -> list[Path]:
    return sorted((project.directory / backup.FOLDER).iterdir())


def sentence(page: AppTest) -> str:
    (error,) = page.error
    return str(error.value).replace("\\", "").replace(":small[]", "")


def press(page: AppTest) -> AppTest:
    page.button(key="backup").click().run()
    assert not page.exception
    return page


def test_a_backup_is_made_on_the_server_and_offered(project: OpenProject, page: AppTest) -> None:
    assert not page.get("download_button")
    press(page)
    (file,) = made(project)
    assert zipfile.ZipFile(file).testzip() is None
    (done,) = page.success
    assert f"{file} holds 3 clips, 1 answer and 0 heads." in done.value.replace("\\", "").replace(":small[]", "")
    assert len(page.get("download_button")) == 1
    for path in (file, file.parent):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, "only its owner may read it"


def test_a_backup_that_somebody_moved_away_is_not_offered(project: OpenProject, page: AppTest) -> None:
    press(page)
    made(project)[0].unlink()
    page.run()
    assert not page.exception
    assert not page.get("download_button")


def test_one_that_is_too_large_for_a_download_is_named(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "_MOST_BYTES", 10)
    press(page)
    assert not page.get("download_button")
    assert page.caption[-1].value == "It is too large for a download from this page; copy it from the server."


def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    project: OpenProject, page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(ArchiveWriter, "add", full)
    press(page)
    assert "is full" in sentence(page) or "No space left" in sentence(page)
    assert str(project.directory) in sentence(page)
    assert made(project) == []
    assert not page.success


def test_a_folder_that_cannot_be_made_is_one_sentence(project: OpenProject, page: AppTest) -> None:
    (project.directory / backup.FOLDER).write_text("a file of that name", encoding="utf-8")
    press(page)
    assert backup.FOLDER in sentence(page)
    assert not page.success
