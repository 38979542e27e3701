"""What a run reports about the random slice: figures of one page must be of the same clips."""

from __future__ import annotations

from collections import Counter

from db.decisions.consensus import consensus_labels
from db.decisions.log import live_decisions
from db.models import Answer, Source
from db.project import OpenProject
from learner.loop.run import learn_once
from tests.filled_projects import LABELS, answer
from tests.learner.loop.what_was_published import newest_run
from tests.learner.synthetic_projects import embedded_project, label_slice, label_truly, truth


def test_tested_clips_confusion_thresholds_and_shares_are_of_the_same_slice(project: OpenProject) -> None:
    clips = embedded_project(project, 120, spread=2.0)
    label_truly(project, clips[:20])
    in_slice = label_slice(project, 40)
    for clip in label_next(project, 3):
        answer(project, clip, kind=Answer.SKIP, source=Source.RANDOM)
    learn_once(project)
    run = newest_run(project)
    report = run.report
    counts = Counter((clip.label, clip.predicted) for clip in report.tested)
    expected = {
        (row + 1, column + 1): count
        for row, by_predicted in enumerate(report.confusion.counts)
        for column, count in enumerate(by_predicted)
        if count
    }
    assert dict(counts) == expected
    assert len(report.tested) == run.slice_clips
    assert set(in_slice) <= {clip.clip for clip in report.tested}
    errors = [clip.label != clip.predicted for clip in report.tested]
    assert errors == sorted(errors, reverse=True), "errors come first"
    for name, points in report.thresholds.items():
        assert points[0].clips == sum(clip.predicted == LABELS.index(name) + 1 for clip in report.tested)
        assert [point.kept for point in points] == sorted((point.kept for point in points), reverse=True)
    assert {name: share.clips for name, share in report.shares.items()} == {
        name: sum(clip.label == LABELS.index(name) + 1 for clip in report.tested) for name in LABELS
    }
    with_skipped = run.slice_clips + 3
    assert all(share.share == round(share.clips / with_skipped, 6) for share in report.shares.values())
    assert all(share.low <= 1 / 3 <= share.high for share in report.shares.values()), "a third of the pool has each label"
    assert sum(report.examples.values()) == run.labeled
    assert report.waiting is not None
    assert len(report.waiting.open_clips) == 1
    assert report.team is not None
    assert [each.answers for each in report.team.annotators] == [run.decisions]


def label_next(project: OpenProject, count: int) -> list[int]:
    """The next clips that the slice waits for."""
    from tests.owed_clips import owed_clips

    with project.read() as session:
        return owed_clips(session, count)


def test_without_a_slice_nothing_of_it_is_reported(project: OpenProject) -> None:
    embedded_project(project, 20)
    learn_once(project)
    report = newest_run(project).report
    assert (report.tested, report.thresholds, report.shares) == ([], {}, {})
    assert report.examples == dict.fromkeys(LABELS, 0)
    assert report.waiting is not None
    assert report.waiting.answered_behind == 0


def test_examples_are_the_labels_that_people_see_where_answers_differ(project: OpenProject) -> None:
    clips = embedded_project(project, 60)
    label_truly(project, clips[:36])
    # Three people; the last of them agrees with nobody, and is the newest on each of these clips.
    for clip in clips[:18]:
        answer(project, clip, truth(clip), annotator="bea")
    for clip in clips[:36]:
        answer(project, clip, "happy" if truth(clip) == "angry" else "angry", annotator="cleo")
    learn_once(project)
    with project.read() as session:
        seen = Counter(consensus_labels(live_decisions(session)).values())
    run = newest_run(project)
    assert run.report.examples == {name: seen[LABELS.index(name) + 1] for name in LABELS}
    assert sum(run.report.examples.values()) == run.labeled == 36
