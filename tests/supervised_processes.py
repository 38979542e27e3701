"""Earmark's processes started as users start them, for tests that watch or kill them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(condition: Callable[[], bool], *, what: str, seconds: float = 60) -> None:
    """Wait until the condition holds; if it does not in time, fail with a message that names `what`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s for {what}, which did not come")
        time.sleep(0.02)


class Process:
    """One process, whose log is kept in a file."""

    def __init__(self, arguments: list[str], *, log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill the process and all its children at once, as a power cut would, with no chance to clean up."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def finish(self, seconds: float = 120) -> str:
        """Wait until the process ends, which it must do without an error; returns its log."""
        code = self.process.wait(seconds)
        text = self.log.read_text(encoding="utf-8", errors="replace")
        assert code == 0, text[-3000:]
        return text


def start_app(project: Path, port: int, *, log: Path) -> Process:
    """The app alone."""
    return Process(["-m", "labeler.app.server", "--project", str(project), "--host", "127.0.0.1", "--port", str(port)], log=log)


def start_command(project: Path, *arguments: str, log: Path) -> Process:
    """An `earmark` command."""
    return Process(["-m", "labeler.cli", "--project", str(project), *arguments], log=log)


def is_listened_on(port: int) -> bool:
    """Whether some program takes connections."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def answers(port: int) -> bool:
    """Whether the app answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def post(port: int, path: str, document: Any, *, seconds: float = 10) -> Any:
    """Send JSON to the app and return its answer; raises OSError if the app cannot be reached."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data=json.dumps(document).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=seconds) as response:
        return json.load(response)


class Labelling(threading.Thread):
    """A person at the page: takes clips, answers them, and sends every answer until it is acknowledged."""

    def __init__(self, port: int, session_token: str, *, label: Callable[[str], str], pause: float = 0.0) -> None:
        super().__init__(daemon=True)
        self.pause = pause
        self.port = port
        self.session_token = session_token
        self.label = label
        self.acknowledged: dict[str, tuple[str, str]] = {}
        self.refused: list[Any] = []
        self.enough = threading.Event()
        self.failure: Exception | None = None

    def run(self) -> None:
        """Label until `enough` is set; an unexpected error is kept in `failure`, where the test finds it."""
        try:
            while not self.enough.is_set():
                for clip in self._post_until_answered("/earmark/api/next", {"session": self.session_token, "want": 2})["clips"]:
                    self._answer(clip)
                    self.enough.wait(self.pause)
        except _StoppedError:
            pass
        except Exception as error:  # noqa: BLE001 - nobody else would see it
            self.failure = error

    def _answer(self, clip: dict[str, Any]) -> None:
        sent = str(uuid.uuid4())
        label = self.label(clip["file_name"])
        message = {"uuid": sent, "ticket": clip["ticket"], "answer": "label", "label": label, "seconds": 1.0, "plays": 1}
        result = self._post_until_answered("/earmark/api/decisions", {"answers": [message]})["results"][0]
        if result["status"] == "saved":
            self.acknowledged[sent] = (clip["file_name"], label)
        else:
            self.refused.append(result)

    def _post_until_answered(self, path: str, document: Any) -> Any:
        """Send again until there is an answer, as the page does when it cannot reach the server."""
        while not self.enough.is_set():
            try:
                answer = post(self.port, path, document)
            except urllib.error.HTTPError as error:
                if error.code != 503:
                    raise
            except OSError:
                pass
            else:
                if path.endswith("decisions") or answer["clips"]:
                    return answer
            self.enough.wait(0.02)
        raise _StoppedError


class _StoppedError(Exception):
    """Enough was labelled."""
