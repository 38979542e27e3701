"""Who has signed in: the guard alone says so, and nobody else can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from labeler.app.guard.front import Guard
from labeler.app.guard.hosts import allowed_hosts
from labeler.app.guard.places import is_private, placed
from labeler.app.sign_in import person_header
from labeler.app.sign_in.identifying import identifier
from labeler.app.sign_in.ways import Person, SignIn, Way
from tests.labeler.app.guard.test_front import run

PROXY = SignIn(way=Way.PROXY, header="x-forwarded-user", proxies=frozenset({"10.0.0.7"}))
Header = tuple[str, str]


class Asked:
    """One request through a guard: its status, and whom the app behind saw."""

    def __init__(
        self,
        *headers: Header,
        peer: str | None = "10.0.0.7",
        path: str = "/",
        kind: str = "http",
        sign_in: SignIn = PROXY,
    ) -> None:
        self.person: Person | None = None
        self.path = ""
        self.came: list[Message] = []
        scope: Scope = {
            "type": kind,
            "path": path,
            "headers": [(b"host", b"localhost"), *((name.encode(), value.encode()) for name, value in headers)],
            "client": None if peer is None else (peer, 1234),
        }
        guard = Guard(
            self._app, hosts=allowed_hosts(listening_on="127.0.0.1"), identify=identifier(sign_in), base_path=sign_in.base_path
        )
        run(guard(scope, self._receive, self._send))

    async def _app(self, scope: Scope, _receive: Receive, send: Send) -> None:
        headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            assert name.decode() not in headers, "the header of the person is there once"
            headers[name.decode()] = value.decode()
        self.person, self.path = person_header.person_in(headers), scope["path"]
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await send({"type": "websocket.accept"})

    async def _receive(self) -> Message:
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.came.append(message)

    @property
    def status(self) -> int:
        return int(self.came[0].get("status", 0))


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("peer", ["10.0.0.7", "::ffff:10.0.0.7"])
def test_the_proxy_names_the_person(kind: str, peer: str) -> None:
    asked = Asked(("x-forwarded-user", "ann@x.org"), peer=peer, kind=kind)
    assert asked.person == Person("ann@x.org", "ann@x.org")


def test_names_beyond_ascii_come_as_utf_8() -> None:
    assert Asked(("x-forwarded-user", "jörg@x.org")).person == Person("jörg@x.org", "jörg@x.org")


@pytest.mark.parametrize(
    ("headers", "peer"),
    [
        ([("x-forwarded-user", "ann@x.org")], "10.0.0.8"),
        ([("x-forwarded-user", "ann@x.org")], "127.0.0.1"),
        ([("x-forwarded-user", "ann@x.org")], None),
        ([("x-forwarded-user", "ann@x.org"), ("x-forwarded-for", "10.0.0.7")], "10.0.0.8"),
        ([], "10.0.0.8"),
        ([], "10.0.0.7"),
        ([("x-forwarded-user", "")], "10.0.0.7"),
        ([("x-forwarded-user", "a" * 256)], "10.0.0.7"),
        ([("x-forwarded-user", "ann\x7f")], "10.0.0.7"),
        ([("x-forwarded-user", "ann@x.org"), ("x-forwarded-user", "lea@x.org")], "10.0.0.7"),
        ([("x_forwarded_user", "ann@x.org")], "10.0.0.7"),
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_anybody_else_gets_nothing_at_all(headers: Sequence[Header], peer: str | None, kind: str) -> None:
    asked = Asked(*headers, peer=peer, kind=kind, path="/static/x.js")
    assert asked.path == ""
    assert asked.status == 403 if kind == "http" else asked.came == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize(
    "sign_in", [PROXY, SignIn(), SignIn(way=Way.OIDC, oidc={"cookie_secret": "x" * 32, "redirect_uri": "http://x"})]
)
@pytest.mark.parametrize("name", ["earmark-person", "Earmark-Person"])
def test_a_visitor_cannot_write_the_guards_own_header(sign_in: SignIn, name: str) -> None:
    forged = person_header.written(Person("lea@x.org", "Lea")).decode()
    asked = Asked((name, forged), ("x-forwarded-user", "ann@x.org"), sign_in=sign_in)
    assert asked.status == 200
    assert asked.person == (Person("ann@x.org", "ann@x.org") if sign_in is PROXY else None)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/label", 200),
        ("/_stcore/stream", 200),
        ("/static/js/index.js", 200),
        ("/earmark/audio/token", 401),
        ("/earmark/picture/token", 401),
        ("/earmark/api/next", 401),
        ("/media/abc.csv", 401),
        ("/earmark/people", 401),
    ],
)
def test_without_signing_in_there_are_pages_but_nothing_of_the_project(path: str, status: int) -> None:
    oidc: dict[str, Any] = {"cookie_secret": "x" * 32, "redirect_uri": "http://localhost/oauth2callback"}
    assert Asked(path=path, sign_in=SignIn(way=Way.OIDC, oidc=oidc)).status == status


@pytest.mark.parametrize(
    ("path", "base_path", "there"),
    [
        ("/label", "", "/label"),
        ("/label", "/a/b", "/a/b/label"),
        ("/a/b/label", "/a/b", "/a/b/label"),
        ("/a/b", "/a/b", "/a/b"),
        ("/a/bc", "/a/b", "/a/b/a/bc"),
        # A path of our own name is the prefix or a route; what comes after it tells.
        ("/earmark/audio", "/earmark", "/earmark/audio"),
        ("/earmark/audio/token", "/earmark", "/earmark/earmark/audio/token"),
        ("/earmark/serving", "/earmark", "/earmark/earmark/serving"),
        ("/earmark/earmark/audio/token", "/earmark", "/earmark/earmark/audio/token"),
    ],
)
def test_a_proxy_may_take_the_prefix_away_or_not(path: str, base_path: str, there: str) -> None:
    assert placed(path, base_path=base_path) == there


@pytest.mark.parametrize(
    ("path", "private"),
    [
        ("/a/earmark/api/next", True),
        ("/a/media/x", True),
        ("/a/earmark", False),
        ("/a/label", False),
        ("/a/_stcore/stream", False),
    ],
)
def test_what_is_private_under_a_path(path: str, private: bool) -> None:
    assert is_private(path, base_path="/a") is private
