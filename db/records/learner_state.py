"""What the learner is doing now, which the page shows; written by the learner and by its supervisor."""

from __future__ import annotations

import os
import time

from sqlalchemy.orm import Session

from db.models import LearnerState

STALE_SECONDS = 15
"""A working learner writes more often than this."""


def _row(session: Session) -> LearnerState:
    row = session.get(LearnerState, 1)
    if row is None:
        row = LearnerState(id=1, state="starting", detail="", done=0, total=0, heartbeat_at=time.time(), restarts=0)
        session.add(row)
    return row


def report_state(
    session: Session,
    *,
    state: str,
    detail: str = "",
    done: int = 0,
    total: int = 0,
    pid: int | None = None,
    error: str | None = None,
) -> None:
    """Record what the learner is doing, and how far it is; `pid` is this process unless given.

    Without an `error` the last one stays: it is the reason of the restarts that are shown.
    """
    row = _row(session)
    row.state, row.detail, row.done, row.total = state, detail, done, total
    row.pid = os.getpid() if pid is None else pid
    row.error = row.error if error is None else error
    row.heartbeat_at = time.time()


def count_restart(session: Session, *, error: str, pid: int | None = None) -> None:
    """Record that the supervisor found the learner dead and starts it again.

    Nothing is recorded while another learner than `pid` is at work, since the state is that of the other one.
    """
    row = _row(session)
    at_work = row.state not in {"stopped", "crashed"} and time.time() - row.heartbeat_at < STALE_SECONDS
    if pid is not None and row.pid not in {None, pid} and at_work:
        return
    row.state, row.error, row.heartbeat_at = "crashed", error, time.time()
    row.restarts += 1


def read_state(session: Session) -> LearnerState | None:
    """The newest state; none before a learner has run."""
    return session.get(LearnerState, 1)
