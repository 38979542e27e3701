"""Earmark works without a network and sends nothing to anybody: Streamlit's usage statistics are off."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from db.project import OpenProject
from tests.filled_projects import add_clips
from tests.no_network import LOG_VARIABLE
from tests.supervised_processes import Process, answers, free_port, start_app, start_command, wait_for

ELSEWHERE = "192.0.2.1"
"""An address reserved for documentation (RFC 5737): no machine has it."""


@pytest.fixture
def own_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A separate log, for a test that tries to leave the machine on purpose."""
    log = tmp_path / "attempts.log"
    monkeypatch.setenv(LOG_VARIABLE, str(log))
    return log


def test_a_test_cannot_leave_this_machine(own_log: Path) -> None:
    with socket.socket() as client, pytest.raises(ConnectionRefusedError, match="refuse the network"):
        client.connect((ELSEWHERE, 80))
    with pytest.raises(OSError, match="refuse the network"):
        urllib.request.urlopen("http://example.org/", timeout=1)
    assert len(own_log.read_text().splitlines()) == 2


def test_a_process_that_a_test_starts_cannot_leave_this_machine(own_log: Path) -> None:
    leave = f"import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('{ELSEWHERE}', 80))"
    tried = subprocess.run([sys.executable, "-c", leave], capture_output=True, text=True, check=False)
    assert tried.returncode == 1
    assert "NetworkRefusedError" in tried.stderr
    assert ELSEWHERE in own_log.read_text()


def test_this_machine_itself_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(("localhost", server.getsockname()[1])):
        pass


def test_the_command_line_starts_without_a_network(project: OpenProject, tmp_path: Path, own_log: Path) -> None:
    add_clips(project, 1)
    log = tmp_path / "status.json"
    assert json.loads(start_command(project.directory, "status", "--json", log=log).finish())["clips"] == 1
    assert not own_log.exists()


def test_the_app_starts_without_a_network(project: OpenProject, tmp_path: Path, own_log: Path) -> None:
    port = free_port()
    app = start_app(project.directory, port, log=tmp_path / "app.log")
    try:
        wait_for(lambda: answers(port), what="the app")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as page:
            assert page.status == 200
    finally:
        app.kill()
    assert not own_log.exists()


def handshake(port: int, *, host: str, origin: str) -> int:
    """The status of the answer to a browser that wants Streamlit's websocket."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.putrequest("GET", "/_stcore/stream", skip_host=True)
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": "streamlit"}
    for name, value in {"Host": host, "Origin": origin, "Connection": "Upgrade", "Upgrade": "websocket", **key}.items():
        connection.putheader(name, value)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


def test_on_every_address_and_with_foreign_origins_the_app_asks_nobody_for_its_own_address(
    project: OpenProject, tmp_path: Path, own_log: Path
) -> None:
    """Streamlit would look it up on the internet at start, and again whenever it does not know an origin."""
    port = free_port()
    arguments = ["--project", str(project.directory), "--host", "0.0.0.0", "--port", str(port)]
    app = Process(["-m", "labeler.app.server", *arguments, "--allowed-host=label.example"], log=tmp_path / "app.log")
    try:
        wait_for(lambda: answers(port), what="the app")
        own = f"127.0.0.1:{port}"
        assert handshake(port, host=own, origin=f"http://{own}") == 101
        assert handshake(port, host="label.example", origin="https://label.example") == 101
        assert handshake(port, host="192.0.2.7", origin="http://192.0.2.7") == 101
        for origin in ("http://other.example", f"http://localhost:{port}", f"http://{own}.other.example", "null"):
            assert handshake(port, host=own, origin=origin) == 403
        assert handshake(port, host="rebound.example", origin="http://rebound.example") == 403
    finally:
        app.kill()
    assert not own_log.exists(), own_log.read_text()
