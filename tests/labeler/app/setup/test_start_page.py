"""The start page: what it makes or opens, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from db.project import OpenProject, create_project, open_project
from db.records.labels import active_labels
from db.settings import read_settings
from labeler.app.pages.plain_text import plain
from labeler.processes.one_server import serve_lock
from labeler.processes.recent_projects import remember_project
from labeler.words import encoder_choice
from tests.labeler.app.setup.start_pages import start_page


@pytest.fixture
def answer(tmp_path: Path) -> Path:
    """Where the page writes what was chosen."""
    return tmp_path / "answer"


@pytest.fixture
def page(answer: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    return start_page(answer.parent, monkeypatch)


def create(page: AppTest) -> AppTest:
    return page.button[0].click().run()


def opens(page: AppTest) -> Button:
    return next(button for button in page.button if button.label == "Open")


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
        opens(page).click().run()
        assert "is running for" in sentence(page)
    page.text_input(key="start-path").set_value(str(project.directory))
    opens(page).click().run()
    assert Path(answer.read_text()) == project.directory


def test_names_of_folders_are_shown_as_they_are(page: AppTest, tmp_path: Path) -> None:
    folder = tmp_path / "<img src=x onerror=ran()> ![m](x)"
    create_project(folder, labels=None).close()
    remember_project(folder)
    page.run()
    assert plain(folder.name) in [button.label for button in page.button]
    assert plain(str(folder)) in [caption.value for caption in page.caption]


def test_whisper_may_be_chosen_where_it_is_installed(
    page: AppTest, answer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder_choice, "find_spec", lambda _package: object())
    page.run()
    page.button_group(key="start-encoder").set_value("whisper")
    create(page)
    assert answer.exists()
    assert read_settings(tmp_path / "proposed").encoder == "whisper"


def test_where_whisper_is_not_installed_the_page_says_how(
    page: AppTest, answer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder_choice, "find_spec", lambda _package: None)
    page.run()
    assert [code.value for code in page.code] == ["pip install 'earmark[whisper]'"]
    create(page)
    assert answer.exists()
    assert "encoder" not in read_settings(tmp_path / "proposed").model_fields_set
