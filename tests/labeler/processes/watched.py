"""Supervised processes as the tests of this folder watch them: the learner's state, and children kept running by a thread."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from db.models import LearnerState
from db.project import OpenProject
from db.records.learner_state import read_state
from labeler.processes.supervisor import Alarm, Child, keep_running
from tests.supervised_processes import wait_for

WAITING = ("cat",)
"""A program that waits for its standard input to end."""


def state(project: OpenProject) -> LearnerState | None:
    """What the learner has reported; None before its first report."""
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
