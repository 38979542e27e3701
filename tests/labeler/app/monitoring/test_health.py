"""`/healthz`: whether the app lives, and whether it can do its work; one sentence for anybody who may ask."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from db.project import OpenProject
from labeler.app.guard.front import Guard
from labeler.app.guard.hosts import allowed_hosts
from labeler.app.monitoring.health import Health, health_routes
from labeler.app.sign_in.proxy import NotSignedInError


def refuse(_request: object) -> None:
    raise NotSignedInError("Earmark answers only to the proxy.")


@pytest.fixture
def asking(any_project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A stranger at an app whose people sign in at a proxy. Each question looks anew."""
    monkeypatch.setattr("labeler.app.monitoring.health.KEPT", 0.0)
    guard = Middleware(Guard, hosts=allowed_hosts(listening_on="127.0.0.1"), identify=refuse)
    app = Starlette(routes=health_routes(any_project, patience=0.3), middleware=[guard])
    with TestClient(app, base_url="http://127.0.0.1:8501") as client:
        yield client


def test_a_healthy_app_answers_strangers(asking: TestClient) -> None:
    assert asking.get("/").status_code == 403
    for path in ("/healthz", "/healthz/live"):
        reply = asking.get(path)
        assert (reply.status_code, reply.text, reply.headers["cache-control"]) == (200, "ok\n", "no-store")


def test_another_schema_is_no_health(any_project: OpenProject, asking: TestClient) -> None:
    with any_project.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    reply = asking.get("/healthz")
    assert reply.status_code == 503
    assert reply.text.startswith("The database has another schema than this release needs; ask the person")
    assert asking.get("/healthz/live").status_code == 200


def test_a_database_that_is_gone_is_one_sentence_without_its_path(project: OpenProject, tmp_path: Path) -> None:
    with TestClient(Starlette(routes=health_routes(project))) as client:
        shutil.move(project.directory / "earmark.sqlite", tmp_path / "elsewhere")
        reply = client.get("/healthz")
    assert reply.status_code == 503
    assert reply.text == "The file or folder of the project is no longer there; ask the person who runs Earmark for help.\n"


def test_a_database_that_does_not_answer_is_not_waited_for(asking: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    over = Event()
    monkeypatch.setattr(Health, "_checked", lambda _self: over.wait(5))
    began = time.monotonic()
    reply = asking.get("/healthz")
    again = asking.get("/healthz")
    seconds = time.monotonic() - began
    over.set()
    assert (reply.status_code, again.status_code) == (503, 503)
    assert reply.text.startswith("The database of the project does not answer in time")
    assert seconds < 3


def test_the_database_is_asked_once_a_second_however_many_ask(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    monkeypatch.setattr(Health, "_checked", lambda _self: looked.append(1))
    with TestClient(Starlette(routes=health_routes(project))) as client:
        assert [client.get("/healthz").status_code for _ in range(20)] == [200] * 20
    assert len(looked) <= 2
