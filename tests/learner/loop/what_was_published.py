"""What a pass of the learner left in the database, for tests to look at."""

from __future__ import annotations

from sqlalchemy import select

from db.models import LearnerState, QueueEntry, Run
from db.project import OpenProject
from db.records.learner_state import read_state
from db.records.runs import latest_run


def newest_run(project: OpenProject) -> Run:
    """The newest run, free of its session."""
    with project.read() as session:
        run = latest_run(session)
        assert run is not None
        session.expunge(run)
    return run


def runs(project: OpenProject) -> int:
    """How many runs there are."""
    with project.read() as session:
        return len(session.scalars(select(Run.id)).all())


def queued(project: OpenProject) -> list[QueueEntry]:
    """The ranked queue."""
    with project.read() as session:
        entries = list(session.scalars(select(QueueEntry).order_by(QueueEntry.position)))
        session.expunge_all()
    return entries


def state_of(project: OpenProject) -> LearnerState:
    """The learner's last report; an empty one before its first."""
    with project.read() as session:
        state = read_state(session)
        if state is None:
            return LearnerState(state="", detail="", heartbeat_at=0.0)
        session.expunge(state)
    return state
