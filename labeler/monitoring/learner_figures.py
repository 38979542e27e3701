"""What Prometheus may ask the learner: rounds, seconds a round, labels, how old the queue is, and failures.

https://prometheus.io/docs/practices/naming/ names units and endings. No label holds a name or a number without bounds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy.orm import Session

from db.decisions.log import newest_decision_id
from db.project import OpenProject
from db.records.learner_state import read_state
from db.records.runs import latest_run
from labeler.monitoring.counting import count_events
from labeler.monitoring.of_database import OfDatabase

_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)


def learner_figures(project: OpenProject) -> CollectorRegistry:
    """The figures of this process, which count from now on."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    rounds = Counter("earmark_learner_rounds", "Queues that were published.", registry=registry)
    seconds = Histogram(
        "earmark_learner_round_seconds",
        "Seconds until the queue was published, or until the run was scored.",
        ["part"],
        buckets=_SECONDS,
        registry=registry,
    )
    errors = Counter("earmark_learner_errors", "Failures of the database, by kind.", ["kind"], registry=registry)
    for part in ("queue", "scores"):
        seconds.labels(part)

    def published(seen: float) -> None:
        rounds.inc()
        seconds.labels("queue").observe(seen)

    count_events(
        {
            "run_published": lambda fields: published(fields["seconds"]),
            "run_scored": lambda fields: seconds.labels("scores").observe(fields["seconds"]),
            "database_failed": lambda fields: errors.labels(fields["kind"]).inc(),
        }
    )
    registry.register(OfDatabase(project, _newest))
    return registry


def _newest(session: Session) -> Iterator[GaugeMetricFamily]:
    """What the database knows of the newest run."""
    run, newest, state = latest_run(session), newest_decision_id(session), read_state(session)
    now = time.time()
    if state is not None:
        age = now - state.heartbeat_at
        yield GaugeMetricFamily("earmark_learner_heartbeat_age_seconds", "Since the learner reported last.", age)
    if run is not None:
        yield GaugeMetricFamily("earmark_learner_labels", "Labelled clips that the newest run knew.", run.labeled)
        yield GaugeMetricFamily(
            "earmark_learner_queue_age_seconds", "Since the newest queue was published.", now - run.created_at
        )
    waiting = newest - (0 if run is None else run.last_decision_id)
    text = "Decisions that the newest queue does not know, undone ones included."
    yield GaugeMetricFamily("earmark_learner_decisions_waiting", text, max(0, waiting))
