"""`earmark serve` where there is no project yet: a start page on which one is made or opened, until one is chosen."""

from __future__ import annotations

import ipaddress
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from db.errors import ProjectError
from labeler.processes.supervisor import Alarm, Child, log, refuse_taken_address


def refuse_strangers(directory: Path, host: str, *, people_sign_in: bool = False) -> None:
    """Raise ProjectError unless only this machine can reach the address: whoever opens the start page may make a project.

    Where people sign in, others reach it by a proxy, and the start page knows no sign-in.
    """
    if people_sign_in:
        raise ProjectError(
            f"There is no project in {directory}, and where people sign in, none can be made in the browser; serve without "
            f"signing in first, or make it with `earmark --project {directory} init --labels a,b,c`."
        )
    try:
        is_own = ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        is_own = host == "localhost"
    if not is_own:
        raise ProjectError(
            f"There is no project in {directory}, and one can be made in the browser only on 127.0.0.1; serve there first, or "
            f"make it with `earmark --project {directory} init --labels a,b,c`."
        )


def chosen_project(directory: Path, *, host: str, port: int, allowed_hosts: Sequence[str] = ()) -> Path | None:
    """Serve the start page until somebody has chosen a project; its directory, or None after SIGINT or SIGTERM.

    Args:
        directory: proposed for a new project.

    Raises:
        ProjectError: the address is taken or cannot be listened on.
    """
    refuse_taken_address(host, port)
    alarm = Alarm()
    with tempfile.TemporaryDirectory(prefix="earmark-") as folder:
        answer = Path(folder) / "project"
        command = [
            *(sys.executable, "-m", "labeler.app.start_server", "--answer", str(answer), "--directory", str(directory)),
            *("--host", host, "--port", str(port), *(f"--allowed-host={name}" for name in allowed_hosts)),
        ]
        page = Child("start page", command, ended=alarm.ring)
        with _rung_by_signals(alarm):
            try:
                page.start()
                return _answered(page, answer, alarm)
            finally:
                page.stop()


def _answered(page: Child, answer: Path, alarm: Alarm) -> Path | None:
    while not alarm.is_last:
        reason = page.died()
        if reason is not None:
            if answer.is_file():
                return Path(answer.read_text(encoding="utf-8"))
            log(f"The {page.name} ended ({reason}); it starts again in {page.start_at - time.monotonic():.0f} s.\n")
        elif page.due():
            page.start()
        alarm.sleep(None if page.process is not None else max(0.0, page.start_at - time.monotonic()))
    return None


@contextmanager
def _rung_by_signals(alarm: Alarm) -> Iterator[None]:
    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        alarm.ring_last()

    previous = {number: signal.signal(number, ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
