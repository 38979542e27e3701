"""`earmark serve`: app and learner start together, a dead learner comes back, and nothing outlives the supervisor."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from db.errors import ProjectError
from db.models import LearnerState
from db.project import OpenProject
from db.records.learner_state import read_state
from labeler.processes.supervisor import page_address, refuse_taken_address
from tests.supervised_processes import Process, answers, free_port, start_command, wait_for


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


def test_children_do_not_outlive_a_killed_supervisor(project: OpenProject, served: tuple[Process, int]) -> None:
    process, port = served
    wait_for(lambda: answers(port), what="the app")
    waiting_learner(project)
    children = psutil.Process(process.process.pid).children(recursive=True)
    os.kill(process.process.pid, signal.SIGKILL)
    process.process.wait()
    wait_for(lambda: not any(child.is_running() and child.status() != "zombie" for child in children), what="the children to end")


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
