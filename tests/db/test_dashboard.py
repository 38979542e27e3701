"""The facts of the dashboard: all of one run, with what is newer beside it."""

from __future__ import annotations

import uuid

import pytest

from db.changes.withdrawing import withdraw_clips
from db.dashboard import DashboardFacts, dashboard_facts, newest_of_dashboard
from db.decisions.flags import append_flag
from db.models import Answer, Source
from db.project import OpenProject
from db.records.clips import mark_broken
from db.records.people.annotators import annotator_named
from db.records.runs import CurvePointValues, record_evaluation, record_outlook, record_run
from db.reports import OutlookReport, RunReport
from tests.filled_projects import add_clips, answer, standing, undo


def facts_of(project: OpenProject) -> DashboardFacts:
    with project.read() as session:
        return dashboard_facts(session)


def newest_answer(project: OpenProject) -> int:
    return standing(project)[-1].id


def run_of(project: OpenProject, *, up_to: int) -> int:
    """A run that was trained on the answers up to one."""
    with project.write() as session:
        return record_run(
            session, feature_set_id=None, last_decision_id=up_to, decisions=up_to, labeled=up_to, settings={}, seconds=0.1
        )


def scored(project: OpenProject, run: int, *, ua: float, outlook: bool = True) -> None:
    """Its scores with a curve of one point, and its outlook."""
    point = {"decisions": 1, "examples_per_class": 1.0, "smallest_class": 0, "ua_low": 0.1, "ua_high": 0.9, "wa": ua}
    with project.write() as session:
        points = [CurvePointValues(last_decision_id=run, ua=ua, **point)]  # type: ignore[arg-type]
        scores = {"ua": ua, "ua_low": 0.1, "ua_high": 0.9, "wa": ua}
        record_evaluation(session, run, **scores, slice_clips=9, speakers=3, report=RunReport(folds=5), points=points)
        if outlook:
            record_outlook(session, run, OutlookReport())


def test_an_empty_project_has_facts_too(any_project: OpenProject) -> None:
    facts = facts_of(any_project)
    assert (facts.run, facts.curve.points, facts.waiting, facts.learner, facts.pace) == (None, [], None, None, [])
    assert (facts.now.clips, facts.now.answered, facts.since.answers, facts.since.run_id) == (0, 0, 0, None)
    assert [label.name for label in facts.labels] == ["angry", "happy", "sad"]


def test_until_a_newer_run_is_complete_the_older_one_is_shown_as_a_whole(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 6)
    answer(any_project, clips[0])
    first = run_of(any_project, up_to=newest_answer(any_project))
    assert facts_of(any_project).run is None, "it has no scores yet"
    scored(any_project, first, ua=0.5)
    answer(any_project, clips[1])
    second = run_of(any_project, up_to=newest_answer(any_project))
    for known in ("nothing", "scores"):
        if known == "scores":
            scored(any_project, second, ua=0.7, outlook=False)
        facts = facts_of(any_project)
        assert facts.run is not None
        assert (facts.run.id, facts.run.ua, [point.ua for point in facts.curve.points]) == (first, 0.5, [0.5])
        assert facts.run.report.folds == 5, "rows can be read after the session has ended"
        assert (facts.since.answers, facts.since.run_id) == (1, second)
        assert facts.since.measuring_since is not None
    with any_project.write() as session:
        record_outlook(session, second, OutlookReport())
    facts = facts_of(any_project)
    assert facts.run is not None
    assert (facts.run.ua, [point.ua for point in facts.curve.points]) == (0.7, [0.7])
    assert (facts.since.answers, facts.since.run_id, facts.since.measuring_since) == (0, None, None)


def test_a_flag_that_a_reviewer_has_dealt_with_is_not_counted(any_project: OpenProject) -> None:
    first, second = add_clips(any_project, 2)
    with any_project.write() as session:
        who = annotator_named(session, "ben").id
        for clip in (first, second):
            append_flag(session, uuid=str(uuid.uuid4()), clip_id=clip, annotator_id=who, note="which?")
    assert facts_of(any_project).now.flagged == 2
    answer(any_project, first, annotator="lead", source=Source.REVIEW, gold=True)
    assert facts_of(any_project).now.flagged == 1


def test_counts_are_of_clips_in_service(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 10)
    for clip in clips[:4]:
        answer(any_project, clip)
    answer(any_project, clips[0], annotator="ben")
    answer(any_project, clips[3], annotator="ben", kind=Answer.SKIP)
    answer(any_project, clips[4], kind=Answer.UNSURE)
    answer(any_project, clips[1], annotator="lead", kind=Answer.SKIP, source=Source.REVIEW, gold=True)
    answer(any_project, clips[8])
    undo(any_project)
    with any_project.write() as session:
        mark_broken(session, clips[2], "it cannot be decoded")
        who = annotator_named(session, "ben").id
        append_flag(session, uuid=str(uuid.uuid4()), clip_id=clips[9], annotator_id=who, note="noise")
    now = facts_of(any_project).now
    assert (now.clips, now.answered, now.flagged) == (9, 4, 1)
    assert now.labelled == 2, "a reviewer settled one as having no label, one is broken"
    assert (now.skipped, now.unsure, now.answers) == (2, 1, 8)


def test_something_small_changes_with_every_answer_and_every_step_of_a_run(project: OpenProject) -> None:
    clips = add_clips(project, 2)

    def newest() -> tuple[int, ...]:
        with project.read() as session:
            return newest_of_dashboard(session)

    seen = [newest()]
    answer(project, clips[0])
    seen.append(newest())
    run = run_of(project, up_to=1)
    seen.append(newest())
    scored(project, run, ua=0.5, outlook=False)
    assert newest() == seen[-1], "the run is not complete yet"
    with project.write() as session:
        record_outlook(session, run, OutlookReport())
    seen.append(newest())
    assert len(set(seen)) == 4


@pytest.mark.parametrize("withdrawn", [False, True])
def test_withdrawn_clips_count_nowhere(project: OpenProject, withdrawn: bool) -> None:
    clips = add_clips(project, 3)
    for clip in clips:
        answer(project, clip)
    if withdrawn:
        with project.write() as session:
            withdraw_clips(session, clips[:1], reason=None, by=None)
    now = facts_of(project).now
    assert (now.clips, now.labelled, now.answers) == ((2, 2, 2) if withdrawn else (3, 3, 3))
