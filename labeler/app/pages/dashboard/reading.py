"""The facts of the dashboard, read once for all who look at it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from db.dashboard import DashboardFacts, dashboard_facts, newest_of_dashboard
from labeler.app.opened import Serving

_OLDEST = 10.0
"""Seconds for which facts are good while nothing is answered: who holds which clip, and the pace, change by themselves."""
_LOCK = threading.Lock()
_held: dict[Path, tuple[tuple[object, ...], DashboardFacts]] = {}


def facts_now(now: Serving) -> DashboardFacts:
    """What the dashboard shows. Many who look at it, and look again every two seconds, cost the database little more than one.

    What the learner does is not among it: it changes all the time, and is read for itself.
    """
    directory = now.project.directory
    with _LOCK, now.project.read() as session:
        newest = newest_of_dashboard(session)
        held = _held.get(directory)
        if held is not None and held[0] == newest and 0 <= time.time() - held[1].read_at < _OLDEST:
            return held[1]
        facts = dashboard_facts(session)
        _held[directory] = (newest, facts)
    return facts


def forget_facts() -> None:
    """Read anew what is shown next."""
    with _LOCK:
        _held.clear()


def stamp(facts: DashboardFacts) -> tuple[object, ...]:
    """Another one whenever the page shows other measurements, or other labels and people."""
    run = facts.run
    measured = () if run is None else (run.id, run.evaluated_at, run.report.suspects is None, run.report.team is None)
    return *measured, *((label.id, label.name, label.colour) for label in facts.labels), *facts.annotators.items()
