"""`earmark serve` where there is no project yet: a start page on which one is made or opened, until one is chosen."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from db.errors import ProjectError
from labeler.processes.supervisor import Alarm, Child, log, opened_when_it_answers, refuse_taken_address
from labeler.processes.ways_in import WaysIn, is_loopback


def refuse_strangers(directory: Path, host: str, ways_in: WaysIn, *, allowed_hosts: Sequence[str] = ()) -> None:
    """Raise ProjectError unless only this machine can reach the page: whoever opens it may make a project on this machine.

    Further names and ways to sign in belong to a proxy, through which others come, who are no leads of anything yet.
    """
    if not is_loopback(host):
        raise ProjectError(
            f"There is no project in {directory}, and one can be made in the browser only on 127.0.0.1; serve there first, or "
            f"{_make_it(directory)}."
        )
    others = [name for name in allowed_hosts if not is_loopback(name)]
    option = "--oidc" if ways_in.oidc is not None else "--proxy-header" if ways_in.proxy_header is not None else "--allowed-host"
    if others or option != "--allowed-host":
        raise ProjectError(
            f"There is no project in {directory}, and with {option} others could make one in the browser; leave it out for the "
            f"first time, or {_make_it(directory)}."
        )


def _make_it(directory: Path) -> str:
    return f"make it with `earmark --project {directory} init --labels a,b,c`"


def chosen_project(directory: Path, *, host: str, port: int, base_path: str = "", open_browser: bool = False) -> Path | None:
    """Serve the start page until somebody has chosen a project; its directory, or None after SIGINT or SIGTERM.

    Args:
        directory: proposed for a new project.
        base_path: the path that the page is served under.
        open_browser: open the page in a browser when it answers. It goes on to the project by itself.

    Raises:
        ProjectError: the address is taken or cannot be listened on.
    """
    refuse_taken_address(host, port)
    alarm = Alarm()
    with tempfile.TemporaryDirectory(prefix="earmark-") as folder, ExitStack() as stack:
        answer = Path(folder) / "project"
        command = [
            *(sys.executable, "-m", "labeler.app.start_server", "--answer", str(answer), "--directory", str(directory)),
            *("--host", host, "--port", str(port), *([f"--base-path={base_path}"] if base_path else [])),
        ]
        page = Child("start page", command, ended=alarm.ring)
        with _rung_by_signals(alarm):
            if open_browser:
                stack.enter_context(opened_when_it_answers(host, port, base_path))
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
