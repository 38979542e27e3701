"""Uploads: for leads only, bounded, under a name without a path, complete or not there at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import anyio
import pytest
from anyio.from_thread import start_blocking_portal
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient
from starlette.types import Message

from db.models import Role
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from db.records.people.roles import give_role
from labeler.app.api import uploads
from labeler.app.api.refusing import RefusedError
from labeler.app.api.routes import routes
from labeler.app.api.uploads import Uploads
from labeler.app.sign_in.tokens import Newcomer, Tokens
from learner.imports.source import import_source


class Sender(NamedTuple):
    """Somebody's browser."""

    client: TestClient
    project: OpenProject
    tokens: Tokens

    def send(self, name: str, content: Any = b"RIFF", *, who: int | Newcomer = 1, **query: str) -> Any:
        headers = {"Earmark-Session": self.tokens.for_session(who)}
        return self.client.post("/earmark/api/upload", params={"name": name, **query}, content=content, headers=headers)

    def stored(self) -> list[str]:
        folder = self.project.directory / "uploads"
        return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def sender(project: OpenProject) -> Iterator[Sender]:
    """The browser of Lea, who is the lead and the first row."""
    tokens = Tokens(project.info().secret)
    with project.write() as session:
        give_role(session, annotator_id=annotator_named(session, "Lea").id, role=Role.LEAD, by=None)
    with TestClient(Starlette(routes=routes(project, tokens)), raise_server_exceptions=False) as client:
        yield Sender(client, project, tokens)


def test_a_lead_uploads_files_that_belong_together(sender: Sender) -> None:
    first = sender.send("wütend 1.wav", b"abc").json()
    second = sender.send("list.csv", b"file_name\n", batch=first["batch"]).json()
    assert first == {
        "path": f"uploads/{first['batch']}/wütend 1.wav",
        "batch": first["batch"],
        "name": "wütend 1.wav",
        "bytes": 3,
    }
    assert (sender.project.directory / first["path"]).read_bytes() == b"abc"
    assert (sender.project.directory / second["path"]).parent == (sender.project.directory / first["path"]).parent


@pytest.mark.parametrize("who", [Newcomer("Ann"), Newcomer("lee")], ids=["newcomer", "almost the lead's name"])
def test_others_upload_nothing(sender: Sender, who: Newcomer) -> None:
    reply = sender.send("a.wav", who=who)
    assert (reply.status_code, reply.json()["error"]) == (403, "Only a lead may do this; ask a lead of this project.")
    assert sender.stored() == []


def test_without_a_token_nothing_is_read(sender: Sender) -> None:
    assert sender.client.post("/earmark/api/upload", params={"name": "a.wav"}, content=b"abc").status_code == 403
    assert sender.stored() == []


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../a.wav", "a/b.wav", "/etc/a.wav", "..\\a.wav", "C:a.wav", ".a.wav", "a\n.wav", "a\0.wav", "a.wav "),
        *("a", "a.exe", "earmark.toml", "a.wav/", "é" * 100 + ".wav", "a.html", "a.wav."),
    ],
)
def test_names_that_are_no_names_of_audio_or_lists(sender: Sender, name: str) -> None:
    reply = sender.send(name)
    assert reply.status_code == 400
    assert reply.json()["error"].isprintable()
    assert sender.stored() == []


@pytest.mark.parametrize("batch", ["..", "x", "0123456789abcdef/..", "0123456789ABCDEF"])
def test_a_batch_is_one_that_the_server_has_made(sender: Sender, batch: str) -> None:
    assert sender.send("a.wav", batch=batch).status_code == 400


def test_a_file_is_not_replaced(sender: Sender) -> None:
    batch = sender.send("a.wav", b"one").json()["batch"]
    assert sender.send("a.wav", b"two", batch=batch).status_code == 409
    assert (sender.project.directory / "uploads" / batch / "a.wav").read_bytes() == b"one"


@pytest.mark.parametrize("announced", [True, False], ids=["with its size", "piece by piece"])
def test_what_is_too_large_leaves_nothing_behind(sender: Sender, monkeypatch: pytest.MonkeyPatch, announced: bool) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", 100)
    reply = sender.send("a.wav", b"x" * 101 if announced else iter([b"x" * 60, b"x" * 60]))
    assert reply.status_code == 413
    assert sender.stored() == []


def test_a_full_disk_is_not_filled_further(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "KEPT_FREE", 2**62)
    reply = sender.send("a.wav", b"abc")
    assert (reply.status_code, sender.stored()) == (507, [])


def test_an_empty_file_is_refused(sender: Sender) -> None:
    assert (sender.send("a.wav", b"").status_code, sender.stored()) == (400, [])


def elsewhere(work: Callable[[], Awaitable[object]]) -> None:
    """Run it in a thread of its own: this one may have a browser's event loop."""
    with start_blocking_portal() as portal:
        portal.call(work)


def test_of_two_files_of_one_name_that_arrive_at_once_the_first_stays(sender: Sender) -> None:
    route = Uploads(sender.project, sender.tokens)
    query = {"name": "a.wav", "batch": "0123456789abcdef"}

    async def both() -> None:
        first, second = anyio.Event(), anyio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            yield b"one"
            first.set()
            await second.wait()

        async def at_once() -> AsyncIterator[bytes]:
            yield b"two"

        async with anyio.create_task_group() as group:
            group.start_soon(route.take, request(sender, query, slowly()))
            await first.wait()
            with pytest.raises(RefusedError, match="is there already"):
                await route.take(request(sender, query, at_once()))
            second.set()

    elsewhere(both)
    assert (sender.project.directory / "uploads" / query["batch"] / "a.wav").read_bytes() == b"one"


def request(sender: Sender, query: dict[str, str], body: AsyncIterator[bytes]) -> Request:
    """A request whose body comes when it comes: the test client would wait for all of it before it sends any."""

    async def receive() -> Message:
        try:
            return {"type": "http.request", "body": await anext(body), "more_body": True}
        except StopAsyncIteration:
            return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"earmark-session", sender.tokens.for_session(1).encode())]
    return Request({"type": "http", "method": "POST", "query_string": urlencode(query).encode(), "headers": headers}, receive)


def test_a_file_that_stops_arriving_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "STALLED_SECONDS", 0.01)

    async def stalls() -> AsyncIterator[bytes]:
        yield b"abc"
        await anyio.sleep_forever()

    async def received() -> list[bytes]:
        return [part async for part in uploads.in_time(stalls())]

    with pytest.raises(RefusedError, match="stopped arriving") as refused:
        elsewhere(received)
    assert refused.value.status == 408


def test_a_batch_that_is_a_link_leads_nowhere(sender: Sender, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (sender.project.directory / "uploads").mkdir()
    (sender.project.directory / "uploads" / "0123456789abcdef").symlink_to(elsewhere)
    assert sender.send("a.wav", batch="0123456789abcdef").status_code == 400
    assert list(elsewhere.iterdir()) == []


def test_a_link_in_place_of_a_file_is_not_followed(sender: Sender, tmp_path: Path) -> None:
    batch = sender.send("a.wav").json()["batch"]
    (sender.project.directory / "uploads" / batch / "b.wav").symlink_to(tmp_path / "nothing")
    assert sender.send("b.wav", batch=batch).status_code == 409
    assert not (tmp_path / "nothing").exists()


def test_a_name_in_another_unicode_form_is_kept_as_it_is(sender: Sender) -> None:
    batch = sender.send("u\u0308.wav", b"one").json()["batch"]
    assert sender.send("\u00fc.wav", b"two", batch=batch).status_code in (200, 409)
    assert (sender.project.directory / "uploads" / batch / "u\u0308.wav").read_bytes() == b"one"


@pytest.mark.parametrize("name", ["a\u202egnp.wav", "a\u200b.wav", "\ufeffa.wav", "a\u2028.wav", "\u0007.wav"])
def test_names_with_characters_that_nobody_sees_are_refused(sender: Sender, name: str) -> None:
    assert sender.send(name).status_code == 400


def test_markup_called_audio_is_a_file_like_any_other_and_is_never_served(sender: Sender) -> None:
    sent = sender.send("page.wav", b"<!DOCTYPE html><svg onload=alert(1)>").json()
    assert sender.client.get(f"/{sent['path']}").status_code == 404
    report = import_source(sender.project, sender.project.directory / "uploads" / sent["batch"])
    assert (report.added, len(report.rejected)) == (0, 1)


def test_no_more_files_than_a_few_arrive_at_once(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_AT_ONCE", 0)
    reply = sender.send("a.wav")
    assert (reply.status_code, sender.stored()) == (503, [])
