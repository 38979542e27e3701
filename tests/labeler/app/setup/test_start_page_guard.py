"""The start page answers only its own pages: another site in the user's browser cannot make a project."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.supervised_processes import Process, answers, free_port, wait_for


@pytest.fixture
def start_page(tmp_path: Path) -> Iterator[str]:
    """Host and port of the process that shows it."""
    port = free_port()
    options = ["--answer", str(tmp_path / "answer"), "--directory", str(tmp_path / "nothing"), "--port", str(port)]
    process = Process(["-m", "labeler.app.start_server", *options], log=tmp_path / "start.log")
    try:
        wait_for(lambda: answers(port), what="the start page")
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()


def test_a_site_in_the_users_browser_makes_no_project(start_page: str, tmp_path: Path) -> None:
    """All that the start page does goes through its socket, which is refused to other sites, and to names that point here."""
    own = start_page
    port = own.partition(":")[2]
    rebound = f"rebound.example:{port}"
    for host, origin in (
        (own, "http://evil.example"),
        (own, "http://127.0.0.1:9"),
        (own, "null"),
        (rebound, f"http://{rebound}"),
    ):
        line = socket.create_connection(("127.0.0.1", int(port)))
        with pytest.raises(InvalidStatus, match="403"), connect(f"ws://{host}/_stcore/stream", sock=line, origin=Origin(origin)):
            pass
        assert status(own, "/", {"Host": host, "Origin": origin}) == 403
        assert status(own, "/", {"Host": host, "Origin": origin}, b"start-folder=/tmp/x") == 403
    assert status(own, "/", {"Host": rebound}) == 403
    for path in ("/", "/start", "/earmark/serving", "/earmark/api/upload", "/_stcore/upload_file/a/b"):
        assert status(own, path, {}, b"start-folder=/tmp/x") in (404, 405)
    assert not (tmp_path / "nothing").exists()


def status(server: str, path: str, headers: dict[str, str], body: bytes | None = None) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(f"http://{server}{path}", data=body, headers=headers)) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return error.code
