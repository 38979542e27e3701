"""What those who run the learner see of it: figures of its rounds, and whether it is alive."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry

from db.project import OpenProject
from db.records.learner_state import STALE_SECONDS, read_state, report_state
from db.store.failures import Kind
from labeler.monitoring.learner_figures import learner_figures
from labeler.monitoring.learner_health import trouble
from learner.loop.run import run_learner
from tests.labeler.monitoring.uncounted import uncounted_after
from tests.learner.synthetic_projects import embedded_project, label_truly


@pytest.fixture
def figures(project: OpenProject) -> Iterator[CollectorRegistry]:
    with uncounted_after():
        yield learner_figures(project)


def test_rounds_are_counted_with_their_seconds(project: OpenProject, figures: CollectorRegistry) -> None:
    label_truly(project, embedded_project(project, 24)[:12])
    looks = iter([False] * 2)
    run_learner(project, poll_seconds=0, should_stop=lambda: _is_scored(figures) or next(looks, False))
    assert figures.get_sample_value("earmark_learner_rounds_total") == 1
    assert figures.get_sample_value("earmark_learner_round_seconds_count", {"part": "queue"}) == 1
    assert figures.get_sample_value("earmark_learner_round_seconds_count", {"part": "scores"}) == 1
    assert figures.get_sample_value("earmark_learner_labels") == 12
    assert figures.get_sample_value("earmark_learner_decisions_waiting") == 0
    age = figures.get_sample_value("earmark_learner_queue_age_seconds")
    assert age is not None
    assert 0 <= age < 60


def _is_scored(figures: CollectorRegistry) -> bool:
    return bool(figures.get_sample_value("earmark_learner_round_seconds_count", {"part": "scores"}))


def test_failures_are_counted_by_kind_and_decisions_wait_for_a_round(project: OpenProject, figures: CollectorRegistry) -> None:
    fields = {"kind": Kind.BUSY.name.lower(), "in_a_row": 1}
    logging.getLogger("earmark.learner").warning("database_failed", extra={"fields": fields})
    assert figures.get_sample_value("earmark_learner_errors_total", {"kind": "busy"}) == 1
    label_truly(project, embedded_project(project, 6))
    assert figures.get_sample_value("earmark_learner_decisions_waiting") == 6
    assert figures.get_sample_value("earmark_learner_queue_age_seconds") is None


def test_a_learner_is_alive_while_it_reports(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    assert trouble(project) == "No learner has run for this project; start `earmark learn --embed`."
    with project.write() as session:
        report_state(session, state="waiting")
    assert trouble(project) is None
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + STALE_SECONDS + 5)
    assert trouble(project) == "The learner reported 20 s ago for the last time; restart it."
    monkeypatch.undo()
    with project.write() as session:
        report_state(session, state="crashed", error="out of memory")
    with project.read() as session:
        assert read_state(session) is not None
    assert trouble(project) == "The learner has crashed; start `earmark learn --embed`."
