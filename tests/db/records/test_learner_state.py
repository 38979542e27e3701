"""What the learner and its supervisor record about it."""

from __future__ import annotations

import time

import pytest

from db.project import OpenProject
from db.records.learner_state import STALE_SECONDS, count_restart, read_state, report_state


def recorded(project: OpenProject) -> tuple[str, int, str | None]:
    with project.read() as session:
        row = read_state(session)
        assert row is not None
        return row.state, row.restarts, row.error


def test_a_restart_is_counted_with_its_reason_which_stays_while_the_learner_works_again(project: OpenProject) -> None:
    with project.write() as session:
        report_state(session, state="training", pid=7)
        count_restart(session, error="exit status 1: the strategy fails", pid=7)
    assert recorded(project) == ("crashed", 1, "exit status 1: the strategy fails")
    with project.write() as session:
        report_state(session, state="training", pid=8)
    assert recorded(project) == ("training", 1, "exit status 1: the strategy fails")


def test_the_first_learner_may_die_before_it_reports(project: OpenProject) -> None:
    with project.write() as session:
        count_restart(session, error="exit status 1", pid=7)
    assert recorded(project) == ("crashed", 1, "exit status 1")


def test_a_learner_that_finds_another_one_at_work_does_not_disturb_its_state(project: OpenProject) -> None:
    with project.write() as session:
        report_state(session, state="waiting", pid=7)
        count_restart(session, error="exit status 1: a learner is running already", pid=8)
    assert recorded(project) == ("waiting", 0, None)


@pytest.mark.parametrize("state", ["stopped", "crashed", "waiting"])
def test_an_older_learner_that_is_no_longer_at_work_does_not_hide_a_death(
    project: OpenProject, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with project.write() as session:
        report_state(session, state=state, pid=7)
    later = time.time() + STALE_SECONDS + 1
    if state == "waiting":
        monkeypatch.setattr("db.records.learner_state.time.time", lambda: later)
    with project.write() as session:
        count_restart(session, error="exit status 1", pid=8)
    assert recorded(project) == ("crashed", 1, "exit status 1")
