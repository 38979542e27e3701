"""Reports of runs: typed, and read from rows that earlier versions wrote."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from sqlalchemy import text

from db.models import Run
from db.project import OpenProject
from db.records.runs import (
    latest_outlook,
    latest_suspects,
    record_evaluation,
    record_outlook,
    record_run,
    record_suspects,
)
from db.reports import VERSION, DoubtedLabel, LabelRecall, OutlookReport, RunReport, StopAdvice

REPORT = RunReport(per_label={"angry": LabelRecall(recall=None, low=0.1, high=0.9, clips=0)}, missing_labels=["angry"], folds=5)


def evaluated(project: OpenProject, report: RunReport = REPORT) -> int:
    """A run with this report."""
    with project.write() as session:
        run = record_run(session, feature_set_id=None, last_decision_id=0, decisions=0, labeled=0, settings={}, seconds=0.1)
        scores = {"ua": 0.5, "ua_low": 0.4, "ua_high": 0.6, "wa": 0.5}
        record_evaluation(session, run, **scores, slice_clips=9, speakers=3, report=report, points=[])
    return run


def stored(project: OpenProject, run: int) -> Any:
    """What the column holds, as JSON values."""
    with project.read() as session:
        value = session.execute(text("SELECT report FROM run WHERE id = :run"), {"run": run}).scalar_one()
    return json.loads(value) if isinstance(value, str) else value


def store(project: OpenProject, run: int, value: Any) -> None:
    """Write the column as another version would have."""
    with project.write() as session:
        session.execute(text("UPDATE run SET report = :value WHERE id = :run"), {"value": json.dumps(value), "run": run})


def report_of(project: OpenProject, run: int) -> RunReport:
    with project.read() as session:
        return session.get_one(Run, run).report


def test_a_report_comes_back_as_it_was_with_the_version_that_wrote_it(any_project: OpenProject) -> None:
    run = evaluated(any_project)
    assert stored(any_project, run)["version"] == VERSION
    assert report_of(any_project, run) == REPORT.model_copy(update={"version": VERSION})


def test_outlook_and_suspects_are_added_to_what_is_there(any_project: OpenProject) -> None:
    run = evaluated(any_project)
    outlook = OutlookReport(stop=StopAdvice(stop=None, why="Too early."))
    with any_project.write() as session:
        record_outlook(session, run, outlook)
        record_suspects(session, run, [DoubtedLabel(clip=3, label=1)])
    with any_project.read() as session:
        assert latest_outlook(session) == outlook
        assert latest_suspects(session) == [DoubtedLabel(clip=3, label=1)]
    assert report_of(any_project, run).missing_labels == ["angry"]


def test_a_report_from_before_there_were_versions_is_read(any_project: OpenProject) -> None:
    run = evaluated(any_project)
    old = {"missing_labels": ["sad"], "per_label": {}, "outlook": {"stop": {"stop": False, "why": "Go on."}}, "gone": 1}
    store(any_project, run, old)
    report = report_of(any_project, run)
    assert (report.version, report.missing_labels, report.grouped) == (0, ["sad"], True)
    assert report.outlook is not None
    assert report.outlook.forecast is None
    with any_project.read() as session:
        assert latest_suspects(session) == []


@pytest.mark.parametrize("damaged", [{"folds": "many"}, [1, 2], "text", 7])
def test_a_report_that_cannot_be_read_counts_as_empty(
    any_project: OpenProject, damaged: Any, caplog: pytest.LogCaptureFixture
) -> None:
    run = evaluated(any_project)
    store(any_project, run, damaged)
    with caplog.at_level(logging.WARNING):
        assert report_of(any_project, run) == RunReport()
    assert "cannot be read" in caplog.text
