"""Starts app and learner as separate processes and keeps them running."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from queue import Empty, SimpleQueue
from types import FrameType
from urllib.parse import urlsplit

from db.errors import EarmarkError, ProjectError
from db.project import OpenProject
from db.records.learner_state import count_restart
from db.store.failures import STORE_ERRORS, failure_of
from labeler.monitoring.log_lines import JSON, is_json, json_line, passed_on
from labeler.monitoring.metrics_address import MetricsAddress
from labeler.processes import safe_path
from labeler.processes.lifeline import GRACE_SECONDS, VARIABLE
from labeler.processes.reason_in_log import fatal_error_in_log, reason_in_log
from labeler.processes.ways_in import WaysIn

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
HEALTHY_SECONDS = 60.0
"""A child that ran this long is started again at once, with the shortest pause."""
LAST_LINE_SECONDS = 1.0
"""How long the log of a child that has ended is read on."""
KEPT_LINES = 200
"""How many of the last lines of a child's log are kept, to find the reason of its end."""


class Alarm:
    """What the supervisor sleeps on until something happens.

    Threads and signal handlers ring it. A `threading.Event` would not do: a handler runs in the thread that waits, which may hold
    the event's lock at that moment.
    """

    def __init__(self) -> None:
        self._rung: SimpleQueue[None] = SimpleQueue()
        self.is_last = False
        """Whether it is time to stop."""

    def ring(self) -> None:
        """Wake the sleeper; if it is awake, its next sleep ends at once."""
        self._rung.put(None)

    def ring_last(self) -> None:
        """Wake the sleeper to stop."""
        self.is_last = True
        self.ring()

    def sleep(self, seconds: float | None) -> None:
        """Sleep until the alarm rings; at most so many seconds, if any are given."""
        try:
            self._rung.get(timeout=seconds)
        except Empty:
            return


class Child:
    """One supervised process: started, watched, and started again after a pause that doubles."""

    def __init__(self, name: str, command: Sequence[str], *, ended: Callable[[], None]) -> None:
        """`ended` is called, from a thread, whenever the process has ended."""
        self.name = name
        self.command = list(command)
        self.ended = ended
        self.pause = FIRST_PAUSE
        self.start_at = 0.0
        self.process: subprocess.Popen[str] | None = None
        self.pid = 0
        """Of the newest process, even after its end."""
        self._last_lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._not_started = ""

    def start(self) -> None:
        """Start the process, with a lifeline as its standard input; if the system refuses, `died` says so."""
        self._last_lines = deque(maxlen=KEPT_LINES)
        self.started = time.monotonic()
        environment = {**os.environ, VARIABLE: "1", safe_path.VARIABLE: "1"}
        try:
            # In a group of its own: Ctrl-C in a terminal reaches the supervisor only, which then stops the process in order.
            self.process = subprocess.Popen(
                self.command,
                env=environment,
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                process_group=0,
            )
        except OSError as error:
            self._not_started = f"the system did not start it: {error.strerror}"
            self.ended()
            return
        self.pid = self.process.pid
        reader = threading.Thread(target=self._pass_on, args=(self.process, self._last_lines), daemon=True)
        reader.start()
        self._end = threading.Thread(target=self._await_end, args=(self.process, reader), daemon=True)
        self._end.start()

    def _await_end(self, process: subprocess.Popen[str], reader: threading.Thread) -> None:
        process.wait()
        assert process.stdin is not None
        process.stdin.close()
        # Its last lines hold the reason. The log stays open if the process has left children of its own.
        reader.join(LAST_LINE_SECONDS)
        self.ended()

    def _pass_on(self, process: subprocess.Popen[str], last_lines: deque[str]) -> None:
        """Write the child's log to our stderr, and keep its last lines as the reason if the child ends."""
        assert process.stderr is not None
        with process.stderr as lines:
            for line in lines:
                last_lines.append(line)
                log(passed_on(line, process=self.name) if is_json() else line)

    def died(self) -> str | None:
        """Why the process ended by itself or was not started, or None while it runs; after a pause it is due to start again."""
        reason = self._not_started
        if not reason:
            if self.process is None or self.process.poll() is None:
                return None
            reason = self._reason(self.process.returncode)
        self.process, self._not_started = None, ""
        if time.monotonic() - self.started > HEALTHY_SECONDS:
            self.pause = FIRST_PAUSE
        self.start_at = time.monotonic() + self.pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE)
        return reason

    def _reason(self, code: int) -> str:
        lines = list(self._last_lines)
        # What a process wrote before a signal ended it is not the reason, unless Python itself wrote it.
        how = f"killed by signal {-code}" if code < 0 else f"exit status {code}"
        why = fatal_error_in_log(lines) if code < 0 else reason_in_log(lines) if code > 0 else ""
        if code == -signal.SIGKILL:
            why = "the system does this when memory runs out"
        return f"{how}: {why}" if why else how

    def due(self) -> bool:
        """Whether the pause after a death is over."""
        return self.process is None and not self._not_started and time.monotonic() >= self.start_at

    def stop(self) -> None:
        """Terminate the process, and kill it if it does not end."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._end.join()


def supervise(
    project: OpenProject,
    *,
    host: str,
    port: int,
    with_learner: bool,
    open_browser: bool = False,
    allowed_hosts: Sequence[str] = (),
    ways_in: WaysIn | None = None,
    metrics: MetricsAddress | None = None,
) -> None:
    """Run app and learner until SIGINT or SIGTERM.

    Args:
        allowed_hosts: further names under which browsers may open the app.
        ways_in: how people sign in, and the path that the app is served under.
        metrics: where the app answers Prometheus; the learner does so on the next port.

    Raises:
        ProjectError: the address is taken or cannot be listened on.
    """
    refuse_taken_address(host, port)
    if metrics is not None:
        for address in (metrics, metrics.next())[: 1 + with_learner]:
            refuse_taken_address(address.host, address.port, option="--metrics address")
    directory, alarm = str(project.directory), Alarm()
    app = Child(
        "app",
        [
            *(sys.executable, "-m", "labeler.app.server", "--project", directory, "--host", host, "--port", str(port)),
            *(f"--allowed-host={name}" for name in allowed_hosts),
            *([] if ways_in is None else ways_in.arguments()),
            *_watched(metrics),
        ],
        ended=alarm.ring,
    )
    learning = [sys.executable, "-m", "labeler.cli", "--project", directory, "learn", "--embed"]
    learning += _watched(None if metrics is None else metrics.next())
    learner = Child("learner", learning, ended=alarm.ring)

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        alarm.ring_last()

    previous = {number: signal.signal(number, ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    opening = opened_when_it_answers(host, port, "" if ways_in is None else ways_in.base_path) if open_browser else nullcontext()
    try:
        with opening:
            keep_running(project, [app, learner] if with_learner else [app], alarm=alarm)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _watched(metrics: MetricsAddress | None) -> list[str]:
    """How a child is watched, as its arguments."""
    return [*([] if metrics is None else [f"--metrics={metrics}"]), *([f"--log-format={JSON}"] if is_json() else [])]


def keep_running(project: OpenProject, children: Sequence[Child], *, alarm: Alarm) -> None:
    """Start the children, and start again whichever ends, until the alarm rings for the last time; then stop them.

    It sleeps from one event to the next: looking several times a second would keep the processor awake day and night.
    """
    try:
        for child in children:
            child.start()
        while not alarm.is_last:
            for child in children:
                _look_after(project, child)
            starts = [child.start_at for child in children if child.process is None]
            alarm.sleep(max(0.0, min(starts) - time.monotonic()) if starts else None)
    finally:
        for child in children:
            child.stop()


def log_event(text: str, *, event: str, child: str = "") -> None:
    """Write a sentence to our log, or in JSON an event with this sentence."""
    fields = {"text": text, **({"child": child} if child else {})}
    log(f"{json_line(fields, process='serve', level='warning', event=event) if is_json() else text}\n")


def log(text: str) -> None:
    """Write to our log; where that is impossible (a full disk, a closed terminal), supervising goes on without."""
    with suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


def _look_after(project: OpenProject, child: Child) -> None:
    reason = child.died()
    if reason is not None:
        text = f"The {child.name} ended ({reason}); it starts again in {child.start_at - time.monotonic():.0f} s."
        log_event(text, event="child_ended", child=child.name)
        if child.name == "learner":
            _record_restart(project, reason, pid=child.pid)
    elif child.due():
        child.start()


def _record_restart(project: OpenProject, reason: str, *, pid: int) -> None:
    try:
        with project.write() as session:
            count_restart(session, error=reason, pid=pid)
    except EarmarkError as error:
        log_event(f"The restart could not be recorded: {error}", event="restart_not_recorded")
    except STORE_ERRORS as error:  # The database may be the cause; supervising must go on.
        sentence = failure_of(error, place=project.directory).sentence
        log_event(f"The restart could not be recorded: {sentence}", event="restart_not_recorded")


def refuse_taken_address(host: str, port: int, *, option: str = "--port or --host") -> None:
    """Raise ProjectError unless this process could listen on the address."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not the name of a host"
        raise ProjectError(f"{host}:{port} cannot be listened on ({reason}); choose another {option}.") from error


def page_address(host: str, port: int) -> str:
    """The address to open in a browser of this machine."""
    shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


@contextmanager
def opened_when_it_answers(host: str, port: int, base_path: str) -> Iterator[None]:
    """Open the page in a browser as soon as something answers there, unless the block ends before."""
    over = threading.Event()
    threading.Thread(target=_open_when_it_answers, args=(host, port, base_path, over), daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _open_when_it_answers(host: str, port: int, base_path: str, over: threading.Event) -> None:
    address = page_address(host, port)
    while not over.wait(0.2):
        try:
            socket.create_connection((urlsplit(address).hostname, port), timeout=1).close()
        except OSError:
            continue
        if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform in {"darwin", "win32"}:
            webbrowser.open(address + base_path)
        return
