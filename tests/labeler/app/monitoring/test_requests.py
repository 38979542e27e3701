"""Figures and log of requests: by the name of a route, never by an address or a person."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from db.project import OpenProject
from labeler.app.monitoring.figures import AppFigures
from labeler.app.monitoring.requests import Watched, route_of
from tests.labeler.app.test_routes import page_of
from tests.labeler.monitoring.uncounted import uncounted_after


@pytest.fixture
def figures(project: OpenProject) -> Iterator[AppFigures]:
    with uncounted_after():
        yield AppFigures(project)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/earmark/api/decisions", "decisions"),
        ("/label/earmark/api/next", "next"),
        ("/earmark/audio/eyJhIjoxfQ.secret", "audio"),
        ("/base/healthz", "health"),
        ("/healthz/live", "health"),
        ("/earmark/api/of_a_stranger", "page"),
        ("/", "page"),
        ("/static/js/index.js", "page"),
        ("/earmark/api/\n", "page"),
    ],
)
def test_a_route_has_one_of_few_names(path: str, route: str) -> None:
    assert route_of(path) == route


def test_answers_and_their_seconds_are_counted_and_no_name_is_in_the_figures(
    project: OpenProject, figures: AppFigures, tmp_path: Path
) -> None:
    with page_of(project, tmp_path / "audio") as page:
        page.client = TestClient(Watched(page.client.app, watch=figures))
        first, second = page.next(2)
        page.send(_answer(first), _answer(second), {"uuid": "bad"})
    value = figures.registry.get_sample_value
    assert value("earmark_answers_total", {"result": "saved"}) == 2
    assert value("earmark_answers_total", {"result": "refused"}) == 1
    assert value("earmark_http_requests_total", {"route": "decisions", "status": "2xx"}) == 1
    assert value("earmark_http_request_seconds_count", {"route": "decisions"}) == 1
    assert value("earmark_annotators_active") == 1
    text = generate_latest(figures.registry).decode()
    assert not {word for word in ("Ann", "angry", "happy", "127.0.0.1", "wav") if word in text}


def _answer(clip: dict[str, str]) -> dict[str, object]:
    uuid = f"00000000-0000-4000-8000-{abs(hash(clip['ticket'])) % 10**12:012d}"
    return {"uuid": uuid, "ticket": clip["ticket"], "answer": "unsure", "seconds": 1.0, "plays": 1}


def test_open_pages_are_counted(figures: AppFigures) -> None:
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.receive_text()
        await websocket.close()

    app = Watched(Starlette(routes=[WebSocketRoute("/_stcore/stream", socket)]), watch=figures)
    with TestClient(app).websocket_connect("/_stcore/stream") as connected:
        assert figures.registry.get_sample_value("earmark_pages_open") == 1
        connected.send_text("done")
    assert figures.registry.get_sample_value("earmark_pages_open") == 0


def test_a_request_that_failed_is_logged_without_its_address(caplog: pytest.LogCaptureFixture) -> None:
    async def failing(_request: Request) -> Response:
        return Response(status_code=503)

    app = Starlette(routes=[Route("/earmark/audio/{token}", failing)], middleware=[Middleware(Watched)])
    with caplog.at_level(logging.INFO, logger="earmark.app"):
        TestClient(app).get("/earmark/audio/a-token?annotator=Ann")
    (record,) = [each for each in caplog.records if each.name == "earmark.app"]
    fields = vars(record)["fields"]
    assert (record.getMessage(), fields["route"], fields["status"]) == ("request_failed", "audio", 503)
    assert "a-token" not in str(fields)
    assert "Ann" not in str(fields)
