"""The heartbeat: often enough for its readers, and no oftener than it writes."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from db.project import OpenProject
from db.records.learner_state import STALE_SECONDS
from learner.loop import heartbeat
from learner.loop.heartbeat import BEAT_SECONDS, Reporter
from tests.learner.loop.what_was_published import state_of


class Clock:
    """A clock that stands still but for the thread of the heartbeat, which passes the time by waiting."""

    def __init__(self, *, until: float) -> None:
        self.now = 0.0
        self.waits: list[float] = []
        self._until = until
        self.at: dict[int, Callable[[], None]] = {}
        """What happens during a wait, by its number from 1."""

    def monotonic(self) -> float:
        """The time."""
        return self.now

    def wait(self, seconds: float) -> bool:
        """Stands for `Event.wait`: whether the thread is to end."""
        self.waits.append(seconds)
        self.at.get(len(self.waits), lambda: None)()
        self.now += seconds
        return self.now > self._until


def beating(project: OpenProject, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Reporter:
    """A reporter whose heartbeat runs by this clock, as long as the clock says."""
    reporter = Reporter(project)
    monkeypatch.setattr(heartbeat, "time", clock)
    monkeypatch.setattr(reporter, "_over", clock)
    reporter.report("waiting")
    return reporter


def test_it_wakes_once_for_each_write(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(until=9.5 * BEAT_SECONDS)
    reporter = beating(project, monkeypatch, clock)
    written: list[float] = []
    write = reporter._write

    def counted(*arguments: object) -> None:
        written.append(clock.now)
        write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(reporter, "_write", counted)
    reporter._beat()
    assert written == pytest.approx([BEAT_SECONDS * number for number in range(1, 10)])
    assert len(clock.waits) == len(written) + 1, "the last wait ends it"
    assert BEAT_SECONDS * 3 < STALE_SECONDS, "two beats may fail before a reader takes the learner for dead"


def test_a_report_puts_the_next_beat_off(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(until=3 * BEAT_SECONDS)
    reporter = beating(project, monkeypatch, clock)

    def report() -> None:
        clock.now += 1.0
        reporter.report("training")
        clock.now -= 1.0

    clock.at[1] = report
    reporter._beat()
    assert clock.waits[:3] == pytest.approx([BEAT_SECONDS, 1.0, BEAT_SECONDS])


def test_it_goes_on_while_the_learner_computes(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    with Reporter(project) as reporter:
        reporter.report("evaluating", "run 1")
        first = state_of(project).heartbeat_at
        reporter.progress(2, 5)
        beats, deadline = set[float](), threading.Event()
        while len(beats) < 3 and not deadline.wait(0.01):
            beats.add(state_of(project).heartbeat_at)
        now = state_of(project)
    assert min(beats) >= first
    assert (now.state, now.detail, now.done, now.total) == ("evaluating", "run 1", 2, 5)
