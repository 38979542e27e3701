"""`earmark serve`: app and learner start together, a dead learner comes back, and nothing outlives the supervisor."""

from __future__ import annotations

import errno
import io
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from db.errors import ProjectError
from db.models import LearnerState
from db.project import OpenProject
from db.records.learner_state import read_state
from labeler.processes import supervisor
from labeler.processes.supervisor import Alarm, Child, keep_running, page_address, refuse_taken_address
from tests.learner.synthetic_projects import embedded_project
from tests.supervised_processes import Process, answers, free_port, start_command, wait_for

WAITING = ("cat",)
"""A program that waits for its standard input to end."""


@pytest.fixture
def served(project: OpenProject, tmp_path: Path) -> Iterator[tuple[Process, int]]:
    """A served empty project, and its port."""
    port = free_port()
    process = start_command(project.directory, "serve", "--port", str(port), log=tmp_path / "serve.log")
    yield process, port
    process.kill()


def state(project: OpenProject) -> LearnerState | None:
    with project.read() as session:
        found = read_state(session)
        if found is not None:
            session.expunge(found)
        return found


def waiting_learner(project: OpenProject, *, not_pid: int = 0) -> int:
    """Wait until a learner (other than `not_pid`) reports that it waits; its process id."""
    wait_for(
        lambda: (found := state(project)) is not None and found.state == "waiting" and found.pid not in {None, not_pid},
        what="a waiting learner",
    )
    found = state(project)
    assert found is not None
    assert found.pid is not None
    return found.pid


def test_a_killed_learner_is_started_again_and_that_is_recorded(project: OpenProject, served: tuple[Process, int]) -> None:
    process, port = served
    wait_for(lambda: answers(port), what="the app")
    first = waiting_learner(project)
    os.kill(first, signal.SIGKILL)
    second = waiting_learner(project, not_pid=first)
    assert second != first
    found = state(project)
    assert found is not None
    assert found.restarts == 1
    assert "killed by signal 9" in process.log.read_text()


def test_stopping_the_supervisor_stops_both(project: OpenProject, served: tuple[Process, int]) -> None:
    process, port = served
    wait_for(lambda: answers(port), what="the app")
    waiting_learner(project)
    children = psutil.Process(process.process.pid).children(recursive=True)
    assert len(children) >= 2
    process.process.terminate()
    assert process.process.wait(30) == 0
    wait_for(lambda: not any(child.is_running() for child in children), what="the children to end")
    assert "Fatal Python error" not in process.log.read_text()


def test_children_do_not_outlive_a_killed_supervisor(project: OpenProject, served: tuple[Process, int]) -> None:
    process, port = served
    wait_for(lambda: answers(port), what="the app")
    waiting_learner(project)
    children = psutil.Process(process.process.pid).children(recursive=True)
    os.kill(process.process.pid, signal.SIGKILL)
    process.process.wait()
    wait_for(lambda: not any(child.is_running() and child.status() != "zombie" for child in children), what="the children to end")


def test_ctrl_c_in_a_terminal_stops_both_in_order(project: OpenProject, served: tuple[Process, int]) -> None:
    """The terminal sends SIGINT to the whole group of the command, as here."""
    process, port = served
    wait_for(lambda: answers(port), what="the app")
    waiting_learner(project)
    children = psutil.Process(process.process.pid).children(recursive=True)
    os.killpg(process.process.pid, signal.SIGINT)
    assert process.process.wait(30) == 0
    wait_for(lambda: not any(child.is_running() for child in children), what="the children to end")
    log = process.log.read_text()
    assert "Fatal Python error" not in log
    assert "Traceback" not in log
    assert "ended (" not in log
    found = state(project)
    assert found is not None
    assert (found.state, found.restarts, found.error) == ("stopped", 0, None)


def test_a_child_may_be_interrupted_at_any_moment(tmp_path: Path, project: OpenProject) -> None:
    """Also while it imports: Ctrl-C reaches the supervisor alone, which sends SIGTERM."""
    process = start_command(project.directory, "serve", "--port", str(free_port()), log=tmp_path / "serve.log")
    try:
        wait_for(lambda: len(psutil.Process(process.process.pid).children()) == 2, what="the children")
        os.killpg(process.process.pid, signal.SIGINT)
        log = process.finish(30)
    finally:
        process.kill()
    assert "Traceback" not in log
    assert "Fatal Python error" not in log


def test_the_sentence_that_ends_the_learner_is_recorded_for_the_page(project: OpenProject, tmp_path: Path) -> None:
    embedded_project(project, 12)
    with (project.directory / "earmark.toml").open("a", encoding="utf-8") as settings:
        settings.write('strategy = "nowhere:best"\n')
    process = start_command(project.directory, "serve", "--port", str(free_port()), log=tmp_path / "serve.log")
    try:
        wait_for(lambda: (found := state(project)) is not None and found.restarts > 0, what="a restart of the learner")
    finally:
        process.kill()
    found = state(project)
    assert found is not None
    assert found.error is not None
    assert found.error.startswith("exit status 1: The strategy 'nowhere:best' cannot be imported (")
    assert "Fatal Python error" not in process.log.read_text()


def test_a_second_serve_is_refused_and_the_first_goes_on(
    project: OpenProject, served: tuple[Process, int], tmp_path: Path
) -> None:
    process, port = served
    wait_for(lambda: answers(port), what="the app")
    first = waiting_learner(project)
    second = start_command(project.directory, "serve", "--port", str(free_port()), log=tmp_path / "second.log")
    assert second.process.wait(60) == 1
    assert second.log.read_text() == (
        f"Error: `earmark serve` is running for {project.directory} already (process {process.process.pid}); "
        "open its page, or stop it first.\n"
    )
    found = state(project)
    assert found is not None
    assert (found.pid, found.restarts, found.state) == (first, 0, "waiting")
    assert answers(port)


def test_a_learner_beside_serve_keeps_its_state(project: OpenProject, tmp_path: Path) -> None:
    """`earmark learn` runs already; the learner of `serve` waits until it is over, and counts nothing meanwhile."""
    alone = start_command(project.directory, "learn", log=tmp_path / "learn.log")
    process = None
    try:
        first = waiting_learner(project)
        process = start_command(project.directory, "serve", "--port", str(free_port()), log=tmp_path / "serve.log")
        wait_for(lambda: f"already (process {first})" in process.log.read_text(), what="the learner of serve to be refused")
        wait_for(lambda: "starts again" in process.log.read_text(), what="the supervisor to notice")
        found = state(project)
        assert found is not None
        assert (found.pid, found.restarts, found.state) == (first, 0, "waiting")
        alone.process.terminate()
        alone.finish()
        assert waiting_learner(project, not_pid=first) != first
    finally:
        alone.kill()
        if process is not None:
            process.kill()


def damage(project: OpenProject) -> None:
    """Overwrite the database, as a disk that fails does."""
    project.close()
    for name in ("earmark.sqlite", "earmark.sqlite-wal", "earmark.sqlite-shm"):
        (project.directory / name).unlink(missing_ok=True)
    (project.directory / "earmark.sqlite").write_bytes(b"no database" * 1000)


def test_a_damaged_database_does_not_end_the_supervisor(
    project: OpenProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.05)
    alarm = CountedAlarm()
    app = Child("app", WAITING, ended=alarm.ring)
    learner = Child("learner", [sys.executable, "-c", "import sys; sys.exit('Error: it is damaged.')"], ended=alarm.ring)
    damage(project)
    running = threading.Thread(target=keep_running, args=(project, [app, learner]), kwargs={"alarm": alarm})
    running.start()
    log = ""

    def logged(text: str) -> bool:
        nonlocal log
        log += capsys.readouterr().err
        return text in log

    try:
        wait_for(lambda: logged("The restart could not be recorded: "), what="a note of the supervisor")
        wait_for(lambda: log.count("it starts again") > 1 or logged("it starts again in 0 s"), what="the next start")
        assert app.process is not None
        assert app.process.poll() is None, "the app goes on"
    finally:
        alarm.ring_last()
        running.join(20)
    assert not running.is_alive()
    assert "The learner ended (exit status 1: it is damaged.); it starts again in 0 s." in log
    assert f"The restart could not be recorded: The database of {project.directory} is damaged (file is not a database);" in log


def test_a_program_that_the_system_does_not_start_is_tried_again(
    project: OpenProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.05)
    program = tmp_path / "program"
    with kept_running(project, str(program)) as (child, _):
        program.symlink_to("/bin/cat")
        wait_for(lambda: child.process is not None, what="the start")
        log = capsys.readouterr().err
    assert "The app ended (the system did not start it: No such file or directory); it starts again in 0 s." in log


class FullDisk(io.StringIO):
    """A log on a full disk."""

    def write(self, _text: str) -> int:
        """Fail."""
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_log_that_cannot_be_written_ends_nothing(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(sys, "stderr", FullDisk())
    talks = "import sys; print('x' * 100_000, file=sys.stderr); sys.stderr.flush(); sys.stdin.read()"
    with kept_running(project, sys.executable, "-c", talks) as (child, alarm):
        first = child.process
        assert first is not None
        first.kill()
        wait_for(lambda: child.process not in {None, first}, what="the child to be started again")


def test_a_taken_port_is_reported_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ProjectError, match=f"127.0.0.1:{port} cannot be listened on .* choose another --port"):
            refuse_taken_address("127.0.0.1", port)


def test_the_address_shown_can_be_opened_on_this_machine() -> None:
    assert page_address("0.0.0.0", 8501) == "http://127.0.0.1:8501"
    assert page_address("192.168.0.7", 80) == "http://192.168.0.7:80"
    assert page_address("::1", 8501) == "http://[::1]:8501"


def test_a_host_that_is_no_name_is_refused() -> None:
    with pytest.raises(ProjectError, match="not the name of a host"):
        refuse_taken_address("..", 8501)


class CountedAlarm(Alarm):
    """Keeps how long the supervisor meant to sleep each time."""

    def __init__(self) -> None:
        super().__init__()
        self.sleeps: list[float | None] = []

    def sleep(self, seconds: float | None) -> None:
        """Sleep, and keep it."""
        self.sleeps.append(seconds)
        super().sleep(seconds)


@contextmanager
def kept_running(project: OpenProject, *command: str) -> Iterator[tuple[Child, CountedAlarm]]:
    """A supervised child beside one that only waits; both are stopped at the end."""
    alarm = CountedAlarm()
    child, other = Child("app", command, ended=alarm.ring), Child("other", WAITING, ended=alarm.ring)
    running = threading.Thread(target=keep_running, args=(project, [child, other]), kwargs={"alarm": alarm})
    running.start()
    try:
        yield child, alarm
    finally:
        alarm.ring_last()
        running.join(20)
    assert not running.is_alive()
    assert [each.process and each.process.returncode for each in (child, other)] == [-signal.SIGTERM, -signal.SIGTERM]


def test_the_supervisor_sleeps_until_something_happens(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.05)
    with kept_running(project, *WAITING) as (child, alarm):
        wait_for(lambda: alarm.sleeps == [None], what="the supervisor to sleep")
        first = child.process
        assert first is not None
        first.kill()
        wait_for(lambda: child.process not in {None, first}, what="the child to be started again")
        wait_for(lambda: alarm.sleeps[-1] is None, what="the supervisor to sleep again")
        pause, *_ = others = alarm.sleeps[1:]
        assert pause == pytest.approx(0.05, abs=0.05)
        assert len(others) <= 3, "it wakes for the end and for the start, and may be early by a hair"


def test_the_last_line_of_a_child_is_the_reason_of_its_end(
    project: OpenProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.05)
    mark = tmp_path / "ran"
    fails_once = f"import sys, pathlib; p = pathlib.Path({str(mark)!r}); p.exists() and input(); p.touch(); sys.exit('no disk')"
    with kept_running(project, sys.executable, "-c", fails_once) as (child, alarm):
        wait_for(
            lambda: len(alarm.sleeps) > 1 and alarm.sleeps[-1] is None and child.process is not None, what="the second start"
        )
        log = capsys.readouterr().err
    assert "The app ended (exit status 1: no disk); it starts again in 0 s." in log


def test_a_signal_ends_the_sleep() -> None:
    alarm = Alarm()
    previous = signal.signal(signal.SIGUSR1, lambda _number, _frame: alarm.ring_last())
    try:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        alarm.sleep(None)
    finally:
        signal.signal(signal.SIGUSR1, previous)
    assert alarm.is_last


def test_an_alarm_that_rang_before_ends_the_next_sleep() -> None:
    alarm = Alarm()
    alarm.ring()
    alarm.sleep(None)
    assert not alarm.is_last
