"""Which writers wait for others: on PostgreSQL answers only for answers, on SQLite all for all, and none for ever."""

from __future__ import annotations

import threading
import uuid

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from db.decisions.taking import GivenAnswer, take
from db.models import Answer, Source
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from db.store import engine as engines
from db.store.engine import Turn
from tests.filled_projects import LABELS, add_clips
from tests.supervised_processes import wait_for


class Saving(threading.Thread):
    """An answer that somebody else saves."""

    def __init__(self, project: OpenProject) -> None:
        super().__init__()
        self._project = project
        (self._clip,) = add_clips(project, 1)
        with project.write() as session:
            self._who = annotator_named(session, "ann").id

    def run(self) -> None:
        """Save it."""
        with self._project.write(Turn.ANSWERS) as session:
            given = GivenAnswer(
                uuid=str(uuid.uuid4()),
                clip_id=self._clip,
                annotator_id=self._who,
                answer=Answer.LABEL,
                label=LABELS[0],
                source=Source.UNCERTAIN,
            )
            take(session, given)

    def ends(self, *, within: float) -> bool:
        """Whether the answer is stored within this many seconds."""
        self.join(within)
        return not self.is_alive()


@pytest.mark.postgres
@pytest.mark.parametrize("turn", [Turn.LEASES, Turn.LEARNING])
def test_an_answer_waits_neither_for_the_learner_nor_for_leases(postgres_project: OpenProject, turn: Turn) -> None:
    saving = Saving(postgres_project)
    with postgres_project.write(turn):
        saving.start()
        assert saving.ends(within=20)


@pytest.mark.postgres
def test_an_answer_does_not_wait_for_whoever_waits_for_the_learner(postgres_project: OpenProject) -> None:
    saving = Saving(postgres_project)

    def write_anything() -> None:
        with postgres_project.write() as session:
            annotator_named(session, "somebody else")

    everything = threading.Thread(target=write_anything)
    with postgres_project.write(Turn.LEARNING):
        everything.start()
        wait_for(lambda: _waiting_for_a_turn(postgres_project), what="the other writer to wait")
        saving.start()
        assert saving.ends(within=20)
    everything.join(20)


def _waiting_for_a_turn(project: OpenProject) -> bool:
    with project.read() as session:
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(session.scalar(waiting))


@pytest.mark.postgres
@pytest.mark.parametrize("turn", [Turn.ANSWERS, None])
def test_answers_wait_for_each_other_and_for_whoever_writes_anything(postgres_project: OpenProject, turn: Turn | None) -> None:
    saving = Saving(postgres_project)
    with postgres_project.write(turn):
        saving.start()
        assert not saving.ends(within=0.3), "otherwise a reader could see an id and miss a smaller one"
    assert saving.ends(within=20)


def test_on_sqlite_there_is_one_turn_for_everything(project: OpenProject) -> None:
    saving = Saving(project)
    with project.write(Turn.LEARNING) as session:
        annotator_named(session, "somebody else")
        saving.start()
        assert not saving.ends(within=0.3)
    assert saving.ends(within=20)


def test_a_writer_that_never_ends_is_an_error_of_the_database(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.1)
    with project.write() as first:
        annotator_named(first, "ann")
        with pytest.raises(OperationalError, match="database is locked"), project.write() as second:
            annotator_named(second, "bob")
    with project.write() as session:
        annotator_named(session, "bob")
