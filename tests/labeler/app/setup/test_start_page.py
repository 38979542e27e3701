"""The start page: what it makes or opens, and what it refuses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from streamlit.testing.v1 import AppTest

from db.project import OpenProject, create_project, open_project
from db.records.labels import active_labels
from labeler.app.pages.plain_text import plain
from labeler.app.pages.setup import start
from labeler.app.start_server import build_start
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
        page.button[-1].click().run()
        assert "is running for" in sentence(page)
    page.text_input(key="start-path").set_value(str(project.directory))
    page.button[-1].click().run()
    assert Path(answer.read_text()) == project.directory


def test_names_of_folders_are_shown_as_they_are(page: AppTest, tmp_path: Path) -> None:
    folder = tmp_path / "<img src=x onerror=ran()> ![m](x)"
    create_project(folder, labels=None).close()
    remember_project(folder)
    page.run()
    assert plain(folder.name) in [button.label for button in page.button]
    assert plain(str(folder)) in [caption.value for caption in page.caption]


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:8501", "http://evil.example"),
        ("127.0.0.1:8501", "http://127.0.0.1:9999"),
        ("127.0.0.1:8501", "null"),
        ("rebound.example:8501", "http://rebound.example:8501"),
        ("rebound.example:8501", None),
    ],
    ids=["another site", "another program of this machine", "a page from nowhere", "a name that points here", "the same by GET"],
)
def test_a_site_in_the_users_browser_makes_no_project(host: str, origin: str | None) -> None:
    """Whatever the start page does goes through its socket, which is refused to other sites."""
    visitor = TestClient(build_start(host="127.0.0.1"), base_url=f"http://{host}")
    headers = {} if origin is None else {"Origin": origin}
    assert visitor.get("/", headers=headers).status_code == 403
    assert visitor.post("/", headers=headers, data={"start-folder": "/tmp/x"}).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        visitor.websocket_connect("/_stcore/stream", subprotocols=["streamlit"], headers=headers),
    ):
        pass


def test_nothing_on_the_start_page_is_sent_by_a_form(tmp_path: Path) -> None:
    visitor = TestClient(build_start(host="127.0.0.1"), base_url="http://127.0.0.1:8501")
    for path in ("/", "/start", "/earmark/serving", "/earmark/api/upload", "/_stcore/upload_file/a/b"):
        assert visitor.post(path, data={"start-folder": str(tmp_path / "made")}).status_code in (404, 405)
    assert not (tmp_path / "made").exists()
