"""The running learner: it notices changes, publishes the queue first, evaluates, survives a failing database, and stops."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db.decisions.log import newest_decision_id
from db.errors import LearnerError
from db.models import Run
from db.project import OpenProject
from db.records.learner_state import report_state
from db.settings_file import change_settings
from db.store.change_watch import ChangeWatch
from learner.evaluation.curve import traced_curve
from learner.loop import run as loop
from learner.loop import scoring
from learner.loop.heartbeat import Reporter
from learner.loop.run import POOL_SECONDS, run_learner
from learner.progress import Progress
from tests.filled_projects import add_clips
from tests.learner.loop.what_was_published import newest_run, queued, runs, state_of
from tests.learner.synthetic_projects import embed_made_up, embedded_project, label_slice, label_truly


def eventually(condition: Callable[[], bool], *, what: str, seconds: float = 20) -> None:
    """Wait until the condition holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.02)


@contextmanager
def running(project: OpenProject) -> Iterator[threading.Event]:
    """The learner in a thread, stopped at the end; an error in the thread is raised here."""
    stop, failures = threading.Event(), []

    def work() -> None:
        try:
            run_learner(project, poll_seconds=0.05, should_stop=stop.is_set)
        except BaseException as error:  # noqa: BLE001 (handed on below)
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()
    if failures:
        raise failures[0]


def test_the_learner_notices_new_answers_and_stops_cleanly(any_project: OpenProject) -> None:
    embedded_project(any_project, 40)
    with running(any_project):
        eventually(lambda: runs(any_project) == 1, what="the cold start")
        label_slice(any_project, 5)
        eventually(lambda: newest_run(any_project).decisions == 5, what="a run on five decisions", seconds=5)
        eventually(lambda: newest_run(any_project).ua is not None, what="its evaluation")
        eventually(lambda: state_of(any_project).state == "waiting", what="the learner to rest")
        beat = state_of(any_project).heartbeat_at
        eventually(lambda: state_of(any_project).heartbeat_at > beat, what="a heartbeat", seconds=3)
    assert (state_of(any_project).state, state_of(any_project).pid) == ("stopped", os.getpid())


def test_the_learner_notices_features(project: OpenProject) -> None:
    clips = add_clips(project, 10)
    with running(project):
        eventually(lambda: state_of(project).detail.startswith("no features"), what="the learner to ask for features")
        embed_made_up(project, clips)
        eventually(lambda: len(queued(project)) == 10, what="the queue")


def test_the_learner_notices_other_settings(any_project: OpenProject) -> None:
    embedded_project(any_project, 40)
    label_slice(any_project, 12)
    with running(any_project):
        eventually(lambda: runs(any_project) == 1 and state_of(any_project).state == "waiting", what="the first run")
        assert (len(queued(any_project)), newest_run(any_project).settings["c"]) == (28, 0.1)
        change_settings(any_project.directory, {"queue_size": 9, "strategy": "margin", "head_c": 0.001}, by=None)
        eventually(lambda: runs(any_project) == 2 and newest_run(any_project).ua is not None, what="a run with other settings")
        assert (len(queued(any_project)), newest_run(any_project).settings["c"]) == (9, 0.001)
        # What no run depends on makes none.
        change_settings(any_project.directory, {"random_share": 0.5}, by=None)
        time.sleep(0.3)
    assert runs(any_project) == 2


def test_the_queue_goes_before_an_evaluation_under_way(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = embedded_project(project, 60)
    label_slice(project, 10)
    go_on = threading.Event()

    def slow(*arguments: Any, progress: Progress, **options: Any) -> Any:
        while not go_on.is_set():
            time.sleep(0.3)
            progress(1, 2)
        return traced_curve(*arguments, progress=progress, **options)

    monkeypatch.setattr(scoring, "traced_curve", slow)
    with running(project):
        eventually(lambda: runs(project) == 1, what="the first run")
        label_truly(project, [clip for clip in clips if clip in {entry.clip_id for entry in queued(project)}][:5])
        eventually(lambda: newest_run(project).decisions == 15, what="a queue in the midst of the evaluation")
        with project.read() as session:
            assert session.scalars(select(Run.evaluated_at)).first() is None
        go_on.set()
        eventually(lambda: newest_run(project).ua is not None, what="the evaluation of the newest run")


def test_a_run_is_evaluated_once_whatever_seems_new(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded_project(project, 60)
    label_slice(project, 10)
    looks = iter(range(1_000_000))
    monkeypatch.setattr(loop, "newest_decision_id", lambda _: next(looks))

    def slow(*arguments: Any, progress: Progress, **options: Any) -> Any:
        time.sleep(0.3)
        progress(1, 2)
        return traced_curve(*arguments, progress=progress, **options)

    monkeypatch.setattr(scoring, "traced_curve", slow)
    with running(project):
        eventually(lambda: runs(project) == 1 and newest_run(project).ua is not None, what="the evaluation")
        eventually(lambda: state_of(project).state == "waiting", what="the learner to rest")
        time.sleep(0.5)
    assert runs(project) == 1
    assert state_of(project).error is None


def test_the_learner_stops_in_the_midst_of_an_evaluation(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded_project(project, 30)
    label_slice(project, 10)

    def endless(*_: Any, progress: Progress, **__: Any) -> None:
        while True:
            time.sleep(0.05)
            progress(1, 2)

    monkeypatch.setattr(scoring, "traced_curve", endless)
    with running(project):
        eventually(lambda: runs(project) == 1, what="the first run")
    assert state_of(project).state == "stopped"


def failing_database(times: int) -> Callable[..., Any]:
    """Replaces `newest_decision_id`; its first calls fail."""
    looks = iter(range(1000))

    def fails(session: Any) -> int:
        if next(looks) < times:
            raise OperationalError("SELECT", {}, Exception("disk I/O error"))
        return newest_decision_id(session)

    return fails


def test_a_failing_database_is_tried_again(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded_project(project, 10)
    monkeypatch.setattr(loop, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(loop, "newest_decision_id", failing_database(3))
    with running(project):
        eventually(lambda: runs(project) == 1, what="the run after the failures")


def test_a_database_that_keeps_failing_ends_the_learner_with_the_reason(
    project: OpenProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(loop, "newest_decision_id", failing_database(999))
    with pytest.raises(LearnerError, match=r"failed 6 times in a row \(disk I/O error\)"):
        run_learner(project, poll_seconds=0.01)
    assert state_of(project).state == "crashed"


class ByHand:
    """A running learner whose steps and clock the test moves by hand."""

    def __init__(self, project: OpenProject, watch: ChangeWatch, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.looks = 0
        self._watch = watch
        monkeypatch.setattr(loop, "time", self)
        monkeypatch.setattr(loop, "newest_decision_id", self._looked)
        self.step = loop._Loop(project, Reporter(project, watch=watch), watch, lambda: False).step

    def monotonic(self) -> float:
        """Stands for the system's clock."""
        return self.now

    def _looked(self, session: Session) -> int:
        self.looks += 1
        return newest_decision_id(session)

    def beat(self) -> None:
        """Write as the heartbeat does."""
        with self._watch.write() as session:
            report_state(session, state="waiting")


@pytest.fixture
def by_hand(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> Iterator[ByHand]:
    """A learner of the project, before its first step."""
    with ChangeWatch(project.engine) as watch:
        yield ByHand(project, watch, monkeypatch)


def test_an_idle_learner_reads_no_tables_and_sees_an_answer_at_once(project: OpenProject, by_hand: ByHand) -> None:
    embedded_project(project, 20)
    by_hand.step()
    by_hand.now = POOL_SECONDS
    by_hand.step()
    looks = by_hand.looks
    for _ in range(40):
        by_hand.now += 0.25
        by_hand.beat()
        by_hand.step()
    assert by_hand.looks == looks
    label_slice(project, 5)
    by_hand.step()
    assert by_hand.looks > looks
    assert newest_run(project).decisions == 5


def test_features_that_come_right_after_a_look_at_them_are_seen_by_the_next(project: OpenProject, by_hand: ByHand) -> None:
    clips = add_clips(project, 10)
    by_hand.step()
    embed_made_up(project, clips)
    by_hand.now = POOL_SECONDS / 2
    by_hand.step()
    assert queued(project) == [], "counting features is left for later"
    by_hand.now = POOL_SECONDS
    by_hand.step()
    assert len(queued(project)) == 10


def test_what_failed_is_done_again_though_nothing_was_written(
    project: OpenProject, by_hand: ByHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded_project(project, 10)
    monkeypatch.setattr(loop, "newest_decision_id", failing_database(1))
    with pytest.raises(OperationalError):
        by_hand.step()
    by_hand.step()
    assert runs(project) == 1
