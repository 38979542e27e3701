"""The start page: what it makes or opens, and what it refuses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from db.project import OpenProject, open_project
from db.records.labels import active_labels
from labeler.app.pages.setup import start
from labeler.processes.one_server import serve_lock
from labeler.processes.recent_projects import remember_project


def start_page() -> None:
    """The script of a page."""
    from labeler.app.pages.setup.start import show_start

    show_start()


@pytest.fixture
def answer(tmp_path: Path) -> Path:
    """Where the page writes what was chosen."""
    return tmp_path / "answer"


@pytest.fixture
def page(answer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setenv(start.ANSWER, str(answer))
    monkeypatch.setenv(start.PROPOSED, str(tmp_path / "proposed"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(start, "leave_soon", lambda: None)
    return AppTest.from_function(start_page, default_timeout=60)


def create(page: AppTest) -> AppTest:
    return page.button[0].click().run()


def press_open(page: AppTest) -> AppTest:
    (button,) = [each for each in page.button if each.label == "Open"]
    return button.click().run()


def sentence(page: AppTest) -> str:
    (error,) = page.error
    return str(error.value).replace("\\", "").replace(":small[]", "")


def test_a_project_is_made_with_labels_where_it_is_proposed(page: AppTest, answer: Path, tmp_path: Path) -> None:
    page.run()
    page.text_input(key="start-labels").set_value("happy, sad , neutral")
    create(page)
    assert Path(answer.read_text()) == tmp_path / "proposed"
    made = open_project(tmp_path / "proposed")
    with made.read() as session:
        assert [label.name for label in active_labels(session)] == ["happy", "sad", "neutral"]
    made.close()
    assert page.text[0].value == "The project is being opened…"


def test_labels_may_come_later(page: AppTest, answer: Path, tmp_path: Path) -> None:
    page.run()
    create(page)
    made = open_project(Path(answer.read_text()))
    with made.read() as session:
        assert active_labels(session) == []
    made.close()


@pytest.mark.parametrize(
    ("folder", "labels", "expected"),
    [
        ("somewhere", "", "'somewhere' is no whole path; begin it with /."),
        ("", "", "'' is no whole path; begin it with /."),
        ("/proc/earmark", "", "A project cannot be made in /proc/earmark"),
        ("{project}", "", "already holds a project"),
        ("{new}", "a,a", "The label 'a' is given twice"),
    ],
)
def test_what_cannot_be_made_is_one_sentence(
    page: AppTest, answer: Path, project: OpenProject, tmp_path: Path, folder: str, labels: str, expected: str
) -> None:
    page.run()
    page.text_input(key="start-folder").set_value(folder.format(project=project.directory, new=tmp_path / "new"))
    page.text_input(key="start-labels").set_value(labels)
    create(page)
    assert not page.exception
    assert expected in sentence(page)
    assert not answer.exists()


def test_a_project_opened_lately_is_one_press_away(page: AppTest, answer: Path, project: OpenProject) -> None:
    remember_project(project.directory)
    page.run()
    page.button(key="start-recent-0").click().run()
    assert Path(answer.read_text()) == project.directory


def test_a_project_is_opened_by_its_folder_unless_it_is_served(page: AppTest, answer: Path, project: OpenProject) -> None:
    page.run()
    page.text_input(key="start-path").set_value(str(project.directory))
    with serve_lock(project):
        press_open(page)
        assert "is running for" in sentence(page)
    page.text_input(key="start-path").set_value(str(project.directory))
    press_open(page)
    assert Path(answer.read_text()) == project.directory
