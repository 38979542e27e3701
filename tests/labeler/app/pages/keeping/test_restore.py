"""The start page's part that restores a backup: what becomes a project, and what is refused in a sentence."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from db.backups.backing_up import back_up
from db.project import OpenProject, open_project
from db.settings import SETTINGS_FILE
from db.status import project_status
from labeler.app.pages.keeping.whole_path import whole_path
from tests.filled_projects import add_clips, answer
from tests.labeler.app.setup.start_pages import start_page


@pytest.fixture
def answered(tmp_path: Path) -> Path:
    """Where the page writes which project is to be served."""
    return tmp_path / "answer"


@pytest.fixture
def page(answered: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    return start_page(answered.parent, monkeypatch)


@pytest.fixture
def backup(project: OpenProject, tmp_path: Path) -> Path:
    """Of a project with three clips and one answer."""
    answer(project, add_clips(project, 3)[0])
    back_up(project, tmp_path / "b.zip")
    return tmp_path / "b.zip"


def restore(page: AppTest, backup: str | Path, folder: str | Path) -> AppTest:
    page.run()
    page.text_input(key="restore-backup").set_value(str(backup))
    page.text_input(key="restore-folder").set_value(str(folder))
    (button,) = [each for each in page.button if each.label == "Restore"]
    button.click().run()
    assert not page.exception
    return page


def sentence(page: AppTest) -> str:
    (error,) = page.error
    return str(error.value).replace("\\", "").replace(":small[]", "")


def test_a_backup_becomes_the_project_that_is_served(page: AppTest, answered: Path, backup: Path, tmp_path: Path) -> None:
    restore(page, backup, f" {tmp_path / 'again'} ")
    assert answered.read_text() == str(tmp_path / "again")
    assert page.text[0].value == "The project is being opened…"
    again = open_project(tmp_path / "again")
    with again.read() as session:
        status = project_status(session)
    again.close()
    assert (status["clips"], status["decisions"]) == (3, 1)


@pytest.mark.parametrize(
    ("file", "folder", "expected"),
    [
        ("b.zip", "{new}", "'b.zip' is no whole path; begin it with /."),
        ("{backup}", "again", "'again' is no whole path; begin it with /."),
        ("{backup}", "../again", "'../again' is no whole path"),
        ("{backup}", "", "'' is no whole path"),
        ("{backup}\0", "{new}", "is no whole path"),
        ("{backup}", "{new}\0", "is no whole path"),
        ("{backup}", "~nobody-of-this-name/again", "begin the path with /"),
        ("{new}/gone.zip", "{new}", "gone.zip"),
        ("{folder}", "{new}", "{folder}"),
        ("{backup}", "{project}", "already holds a project"),
        ("{backup}", "{backup}", "is no folder"),
        ("{backup}", "/proc/earmark", "/proc/earmark"),
    ],
)
def test_paths_that_are_refused(
    page: AppTest, answered: Path, backup: Path, project: OpenProject, tmp_path: Path, file: str, folder: str, expected: str
) -> None:
    places = {"backup": backup, "new": tmp_path / "again", "project": project.directory, "folder": tmp_path / "project"}
    restore(page, file.format(**places), folder.format(**places))
    assert expected.format(**places) in sentence(page)
    assert not answered.exists()
    assert not (tmp_path / "again").exists(), "all of the backup becomes a project, or nothing"


def test_a_strategy_from_outside_is_restored_but_not_run(
    page: AppTest, answered: Path, project: OpenProject, tmp_path: Path
) -> None:
    with (project.directory / SETTINGS_FILE).open("a", encoding="utf-8") as file:
        file.write('strategy = "somebody.elses.strategy"\n')
    back_up(project, tmp_path / "b.zip")
    restore(page, tmp_path / "b.zip", tmp_path / "again")
    assert f"The project is in {tmp_path / 'again'} now" in sentence(page)
    assert "the strategy somebody.elses.strategy, which runs code from outside of Earmark" in sentence(page)
    assert not answered.exists(), "nothing is served, so that no code runs"
    assert (tmp_path / "again" / SETTINGS_FILE).is_file()
    assert "somebody" not in sys.modules


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"holiday.jpg": b"\xff\xd8"}, "strangers.zip"),
        ({"../outside.txt": b"x", "manifest.json": b"{}"}, "strangers.zip"),
        ({"manifest.json": b"[" * 100_000}, "strangers.zip"),
    ],
)
def test_a_strangers_zip_makes_nothing(
    page: AppTest, answered: Path, tmp_path: Path, members: dict[str, bytes], expected: str
) -> None:
    with zipfile.ZipFile(tmp_path / "strangers.zip", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    before = sorted(tmp_path.iterdir())
    restore(page, tmp_path / "strangers.zip", tmp_path / "again")
    assert expected in sentence(page)
    assert not answered.exists()
    assert sorted(tmp_path.iterdir()) == before


def test_the_home_folder_is_that_of_whoever_runs_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/lea")
    assert whole_path(" ~/b.zip ") == Path("/home/lea/b.zip")
