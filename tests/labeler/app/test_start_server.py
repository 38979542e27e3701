"""The start page's server: whom it answers, where, and when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from labeler.app import start_server
from labeler.app.pages.setup.start import ANSWER
from labeler.app.sign_in.ways import SignIn, arrange

HERE = "http://127.0.0.1:8501"


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Has an entry once the server would have ended."""
    calls: list[bool] = []
    monkeypatch.setenv(ANSWER, str(tmp_path / "answer"))
    monkeypatch.setattr(start_server, "leave", lambda: calls.append(True))
    # A process can have one of Streamlit's own, which adds the pages.
    monkeypatch.setattr(start_server, "App", lambda _script, **inside: Starlette(**inside))
    yield calls
    arrange(SignIn())


def test_it_ends_when_a_browser_waits_for_the_project_that_was_chosen(left: list[bool], tmp_path: Path) -> None:
    visitor = TestClient(start_server.build_start(host="127.0.0.1"), base_url=HERE)
    assert visitor.get("/earmark/serving").json() == {"serving": False}
    assert left == []
    (tmp_path / "answer").write_text("/somewhere", encoding="utf-8")
    assert visitor.get("/earmark/serving").json() == {"serving": False}
    assert left == [True]


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "lab.example"},
        {"host": "192.0.2.7:8501"},
        {"origin": "https://stranger.example"},
        {"origin": "http://127.0.0.1:9999"},
    ],
)
def test_nobody_elses_page_can_ask_it_for_anything(left: list[bool], tmp_path: Path, headers: dict[str, str]) -> None:
    (tmp_path / "answer").write_text("/somewhere", encoding="utf-8")
    visitor = TestClient(start_server.build_start(host="127.0.0.1"), base_url=HERE)
    assert visitor.get("/earmark/serving", headers=headers).status_code == 403
    assert left == []


@pytest.mark.parametrize("path", ["/lab/earmark/serving", "/earmark/serving"])
def test_under_a_path_with_and_without_it(left: list[bool], path: str) -> None:
    """Some proxies take the path away."""
    arrange(SignIn(base_path="/lab"))
    visitor = TestClient(start_server.build_start(host="127.0.0.1"), base_url=HERE)
    assert visitor.get(path).json() == {"serving": False}


def test_streamlits_own_uploads_are_closed(left: list[bool]) -> None:
    visitor = TestClient(start_server.build_start(host="127.0.0.1"), base_url=HERE)
    assert visitor.put("/_stcore/upload_file/a/b", content=b"x").status_code == 404
