"""`earmark serve`: app and learner start together, a dead learner comes back, and nothing outlives the supervisor."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from db.errors import ProjectError
from db.project import OpenProject
from labeler.monitoring.metrics_address import metrics_address
from labeler.processes import supervisor
from labeler.processes.supervisor import Alarm, Child, page_address, refuse_taken_address
from tests.labeler.processes.watched import WAITING, kept_running, state, waiting_learner
from tests.supervised_processes import Process, answers, free_port, start_command, wait_for


@pytest.fixture
def served(project: OpenProject, tmp_path: Path) -> Iterator[tuple[Process, int]]:
    """A served empty project, and its port."""
    port = free_port()
    process = start_command(project.directory, "serve", "--port", str(port), log=tmp_path / "serve.log")
    yield process, port
    process.kill()


def test_the_app_gets_its_address_and_every_allowed_host(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Child] = []
    monkeypatch.setattr(supervisor, "keep_running", lambda _project, children, alarm: started.extend(children))
    port = free_port()
    names = ["label.example", "::1"]
    supervisor.supervise(project, host="127.0.0.1", port=port, allowed_hosts=names, with_learner=False)
    (app,) = started
    assert app.command[-6:] == ["--host", "127.0.0.1", "--port", str(port), *(f"--allowed-host={name}" for name in names)]


def test_app_and_learner_are_watched_on_ports_beside_each_other(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Child] = []
    monkeypatch.setattr(supervisor, "keep_running", lambda _project, children, alarm: started.extend(children))
    monkeypatch.setattr(supervisor, "refuse_taken_address", lambda *_address, **_option: None)
    monkeypatch.setattr(supervisor, "is_json", lambda: True)
    supervisor.supervise(project, host="127.0.0.1", port=1, with_learner=True, metrics=metrics_address("0.0.0.0:9101"))
    app, learner = started
    assert app.command[-2:] == ["--metrics=0.0.0.0:9101", "--log-format=json"]
    assert learner.command[-2:] == ["--metrics=0.0.0.0:9102", "--log-format=json"]


def test_a_killed_learner_is_started_again_and_stopping_the_supervisor_stops_both(
    project: OpenProject, served: tuple[Process, int]
) -> None:
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
