"""Noticing what others write: by SQLite's own count, and not at all on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import OperationalError

from db.project import OpenProject
from db.records.learner_state import read_state, report_state
from db.store import engine as engines
from db.store.change_watch import ChangeWatch
from tests.filled_projects import add_clips


@pytest.fixture
def watch(any_project: OpenProject) -> Iterator[ChangeWatch]:
    """A watch over the project."""
    with ChangeWatch(any_project.engine) as opened:
        yield opened


def report(watch: ChangeWatch, state: str) -> None:
    """Write through the watch."""
    with watch.write() as session:
        report_state(session, state=state)


def state_of(project: OpenProject) -> str | None:
    """The state that the database holds."""
    with project.read() as session:
        found = read_state(session)
        return None if found is None else found.state


def test_what_others_write_is_noticed(project: OpenProject) -> None:
    with ChangeWatch(project.engine) as watch:
        before = watch.version()
        assert before is not None
        assert watch.version() == before, "nothing was written"
        add_clips(project, 1)
        after = watch.version()
        assert after != before
        assert watch.version() == after


def test_what_is_written_through_the_watch_is_stored_and_no_news(project: OpenProject) -> None:
    with ChangeWatch(project.engine) as watch:
        before = watch.version()
        report(watch, "waiting")
        assert watch.version() == before
        assert state_of(project) == "waiting"


def test_what_others_wrote_before_a_write_through_the_watch_is_noticed_after_it(project: OpenProject) -> None:
    with ChangeWatch(project.engine) as watch:
        before = watch.version()
        add_clips(project, 1)
        report(watch, "waiting")
        assert watch.version() != before


def test_every_database_can_be_written_through_the_watch(any_project: OpenProject, watch: ChangeWatch) -> None:
    report(watch, "training")
    report(watch, "waiting")
    assert state_of(any_project) == "waiting"


@pytest.mark.postgres
def test_on_postgresql_the_tables_have_to_be_asked(postgres_url: str) -> None:
    with ChangeWatch(engines.connect(postgres_url)) as watch:
        assert watch.version() is None


def test_nobody_waits_for_a_write_of_another_thread(project: OpenProject) -> None:
    with ChangeWatch(project.engine) as watch:
        seen: list[int | None] = []
        with watch.write():
            looking = threading.Thread(target=lambda: seen.append(watch.version()))
            looking.start()
            looking.join(20)
        assert seen == [None]
        assert watch.version() is not None


def test_a_write_that_had_to_give_up_can_be_tried_again(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    with ChangeWatch(project.engine) as watch:
        before = watch.version()
        monkeypatch.setattr(engines, "BUSY_SECONDS", 0)
        with project.write() as other:
            report_state(other, state="training")
            other.flush()
            with pytest.raises(OperationalError, match="locked"):
                report(watch, "waiting")
            other.rollback()
        report(watch, "waiting")
        assert state_of(project) == "waiting"
        assert watch.version() == before
