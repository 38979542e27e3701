"""What a run reports about the team."""

from __future__ import annotations

import pytest

from db.decisions.log import live_decisions
from db.models import Source
from db.project import OpenProject
from db.records.labels import active_labels
from db.records.runs import latest_complete_run
from db.reports import AnnotatorQuality, TeamReport
from learner.label_quality import team
from learner.loop.heartbeat import Reporter
from learner.loop.publishing import Publisher
from learner.loop.scoring import Scorer
from tests.filled_projects import LABELS, add_clips, answer
from tests.learner.synthetic_projects import embedded_project, truth


def wrong(clip: int) -> str:
    return LABELS[(clip + 1) % len(LABELS)]


def team_of(project: OpenProject) -> tuple[TeamReport, dict[str, AnnotatorQuality]]:
    """The report, and each annotator's quality by name."""
    from db.models import Annotator

    with project.read() as session:
        found = team.team_report(live_decisions(session), [label.id for label in active_labels(session)])
        names = {each.annotator: session.get_one(Annotator, each.annotator).name for each in found.annotators}
    return found, {names[each.annotator]: each for each in found.annotators}


def answered_by_three(project: OpenProject, clips: list[int]) -> None:
    """Two who are nearly always right, and one who is right on two of five clips."""
    for number, clip in enumerate(clips):
        answer(project, clip, truth(clip) if number % 12 else wrong(clip), annotator="ann")
        answer(project, clip, truth(clip) if (number + 5) % 10 else wrong(clip), annotator="ben")
        answer(project, clip, truth(clip) if number % 5 < 2 else wrong(clip), annotator="cat")


def test_the_one_of_three_who_is_often_wrong_is_found_from_the_others_alone(project: OpenProject) -> None:
    answered_by_three(project, add_clips(project, 60))
    found, by_name = team_of(project)
    assert by_name["cat"].reliability == pytest.approx(0.4, abs=0.06)
    assert by_name["cat"].high < by_name["ann"].low
    assert {each.measured_on for each in found.annotators} == {"other annotators"}
    assert [pair.clips for pair in found.pairs] == [60, 60, 60]
    assert max(pair.agreement for pair in found.pairs) == pytest.approx(0.82, abs=0.05)
    assert found.clips == 60
    assert found.alpha is not None
    assert found.alpha_low is not None
    assert found.alpha_low < found.alpha


def test_silent_checks_against_gold_are_the_measure_where_there_are_enough(project: OpenProject) -> None:
    clips = add_clips(project, 30)
    for clip in clips:
        answer(project, clip, truth(clip), annotator="lead", source=Source.REVIEW, gold=True)
    for number, clip in enumerate(clips):
        answer(project, clip, truth(clip) if number % 3 else wrong(clip), annotator="ann", source=Source.GOLD_CHECK)
    ann = team_of(project)[1]["ann"]
    assert (ann.measured_on, ann.clips) == ("gold", 30)
    assert ann.reliability == pytest.approx(2 / 3, abs=1e-3)
    assert ann.low < 0.6 < 0.75 < ann.high


def test_labels_that_were_reviewed_because_they_looked_wrong_blame_nobody(project: OpenProject) -> None:
    """The Review page shows what is probably wrong: there, even a good annotator is mostly wrong."""
    clips = add_clips(project, 100)
    for number, clip in enumerate(clips):
        answer(project, clip, truth(clip) if number >= 25 else wrong(clip), annotator="ann")
    for clip in clips[:25]:
        answer(project, clip, truth(clip), annotator="lead", source=Source.REVIEW, gold=True)
    assert team_of(project)[1]["ann"].measured_on == "nothing"


def test_drift_shows_when_somebody_became_worse(project: OpenProject) -> None:
    clips = add_clips(project, 100)
    for number, clip in enumerate(clips):
        answer(project, clip, truth(clip), annotator="ann")
        answer(project, clip, truth(clip), annotator="ben")
        answer(project, clip, truth(clip) if number < 50 or number % 2 else wrong(clip), annotator="cat")
    drift = team_of(project)[1]["cat"].drift
    assert [point.clips for point in drift] == [25, 25, 25, 25]
    assert [point.reliability for point in drift] == [pytest.approx(share, abs=0.03) for share in (1.0, 1.0, 12 / 25, 13 / 25)]
    assert drift[-1].high < drift[0].low
    assert [point.first_at for point in drift] == sorted(point.first_at for point in drift)


def test_without_shared_clips_nothing_is_known(project: OpenProject) -> None:
    clips = add_clips(project, 20)
    for clip in clips:
        answer(project, clip, annotator="ann" if clip % 2 else "ben")
    found, by_name = team_of(project)
    assert (found.alpha, found.pairs, found.clips) == (None, [], 0)
    assert {(each.reliability, each.low, each.high, each.measured_on) for each in by_name.values()} == {
        (None, 0.0, 1.0, "nothing")
    }


def test_a_run_reports_the_team_and_does_not_compute_it_again_for_the_same_answers(
    project: OpenProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = embedded_project(project, 60)
    answered_by_three(project, clips[:30])
    calls = []

    def counted(*arguments: object) -> TeamReport:
        calls.append(arguments)
        return TeamReport(clips=len(calls))

    monkeypatch.setattr(team, "team_report", counted)
    reporter = Reporter(project)
    publisher, scorer = Publisher(project, reporter), Scorer(project, reporter)

    published = publisher.publish()
    assert published is not None
    for _ in range(2):
        scorer.score(published, progress=lambda _done, _total: None)
    assert reported(project).clips == len(calls) == 1
    answer(project, clips[40])
    published = publisher.publish()
    assert published is not None
    scorer.score(published, progress=lambda _done, _total: None)
    assert reported(project).clips == len(calls) == 2


def reported(project: OpenProject) -> TeamReport:
    """As the newest complete run reports it."""
    with project.read() as session:
        run = latest_complete_run(session)
        assert run is not None
        assert run.report.team is not None
        return run.report.team
