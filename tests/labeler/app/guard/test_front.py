"""The layer in front of the app: what it turns away, what it passes on, and the headers that it adds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from labeler.app.guard.front import Guard
from labeler.app.guard.hosts import allowed_hosts

OWN = ("host", "localhost:8501")
Header = tuple[str, str]


@dataclass
class Behind:
    """An app that notes what reaches it; Guard stands before it."""

    reached: list[str] = field(default_factory=list)
    own: tuple[tuple[bytes, bytes], ...] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.reached.append(scope["type"])
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": list(self.own)})
            await send({"type": "http.response.body", "body": b"served"})
        elif scope["type"] == "websocket":
            await send({"type": "websocket.accept"})


def run(asking: Coroutine[Any, Any, None]) -> None:
    """Run it in a thread of its own: a browser test of the same process may have a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, asking).result()


def asked(app: Behind, *headers: Header, kind: str = "http", path: str = "/", method: str = "GET") -> list[Message]:
    """What comes back for a request with these headers."""
    came: list[Message] = []

    async def send(message: Message) -> None:
        came.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope: Scope = {"type": kind, "path": path, "method": method, "headers": [(a.encode(), b.encode()) for a, b in headers]}
    guard = Guard(app, hosts=allowed_hosts(listening_on="127.0.0.1", also=["label.example"]))
    run(guard(scope, receive, send))
    return came


def status(came: list[Message]) -> int:
    return int(came[0]["status"])


def headers_of(came: list[Message]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in came[0]["headers"]:
        found.setdefault(name.decode(), []).append(value.decode())
    return found


@pytest.mark.parametrize(
    "headers",
    [
        [OWN],
        [OWN, ("origin", "http://localhost:8501")],
        [("host", "label.example"), ("origin", "https://label.example")],
    ],
)
def test_the_apps_own_pages_are_served(headers: list[Header]) -> None:
    app = Behind()
    assert status(asked(app, *headers)) == 200
    assert [message["type"] for message in asked(app, *headers, kind="websocket")] == ["websocket.accept"]
    assert app.reached == ["http", "websocket"]


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([("host", "rebound.example:8501")], "does not answer to the name 'rebound.example:8501'"),
        ([("host", "rebound.example"), ("origin", "http://rebound.example")], "does not answer to the name"),
        ([OWN, ("origin", "http://other.example")], "takes nothing from 'http://other.example'"),
        ([OWN, ("origin", "http://localhost:3000")], "takes nothing from 'http://localhost:3000'"),
        ([OWN, ("origin", "null")], "takes nothing from 'null'"),
        ([OWN, ("origin", "")], "takes nothing from ''"),
        ([("host", "label.example"), ("origin", "http://localhost")], "opened as 'label.example'"),
        ([], "one Host header"),
        ([OWN, ("host", "rebound.example")], "one Host header"),
        ([OWN, ("origin", "http://localhost:8501"), ("origin", "http://other.example")], "one Origin header"),
    ],
)
def test_anything_else_is_refused_before_the_app_sees_it(headers: list[Header], reason: str) -> None:
    app = Behind()
    came = asked(app, *headers)
    assert status(came) == 403
    assert reason in came[1]["body"].decode()
    assert headers_of(came)["content-type"] == ["text/plain; charset=utf-8"]
    assert asked(app, *headers, kind="websocket") == [{"type": "websocket.close", "code": 1008}]
    assert app.reached == []


def test_a_hostile_name_is_shown_as_plain_text_and_cut() -> None:
    came = asked(Behind(), ("host", "<script>\r\n" + "x" * 5000))
    assert "'<script>\\r\\nxxx" in came[1]["body"].decode()
    assert len(came[1]["body"]) < 400


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "path", ["/_stcore/upload_file/session/file", "/base/_stcore/upload_file/x", "/_stcore/metrics", "/_stcore/agent/interact"]
)
def test_addresses_that_no_page_needs_are_closed(path: str, method: str) -> None:
    app = Behind()
    assert status(asked(app, OWN, path=path, method=method)) == 404
    assert app.reached == []


def test_every_response_has_the_headers_of_pages() -> None:
    for came in (asked(Behind(), OWN), asked(Behind()), asked(Behind(), OWN, path="/_stcore/upload_file/a/b")):
        found = headers_of(came)
        assert found["x-content-type-options"] == ["nosniff"]
        assert found["referrer-policy"] == ["same-origin"]
        assert found["cross-origin-resource-policy"] == ["same-origin"]
        assert found["cross-origin-opener-policy"] == ["same-origin"]
        (policy,) = found["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy


def test_a_response_keeps_the_headers_that_it_has() -> None:
    came = asked(Behind(own=((b"Referrer-Policy", b"no-referrer"), (b"content-security-policy", b"sandbox"))), OWN)
    found = headers_of(came)
    assert (found["Referrer-Policy"], found["content-security-policy"]) == (["no-referrer"], ["sandbox"])
    assert "referrer-policy" not in found


def test_the_start_of_the_server_passes() -> None:
    app = Behind()
    asked(app, kind="lifespan")
    assert app.reached == ["lifespan"]


def test_a_refusal_is_logged_once_and_a_stranger_cannot_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard(Behind(), hosts=allowed_hosts(listening_on="127.0.0.1"))

    async def unsent(_message: Message) -> None:
        pass

    async def ask(host: str) -> None:
        scope: Scope = {"type": "websocket", "path": "/", "headers": [(b"host", host.encode())]}
        await guard(scope, lambda: asyncio.sleep(0, {"type": "websocket.connect"}), unsent)

    with caplog.at_level(logging.WARNING, logger="earmark.app"):
        for _ in range(3):
            run(ask("proxy.example"))
        assert [record.message.count("proxy.example") for record in caplog.records] == [1]
        for number in range(100):
            run(ask(f"{number}.example"))
    assert len(caplog.records) == 20
