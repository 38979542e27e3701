"""Taking back a run of somebody's answers, and bringing it back as it was."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import select

from db.changes.withdrawing import withdraw_clips
from db.decisions.asked_again import ask_again, clips_asked_again
from db.decisions.consensus import consensus_labels
from db.decisions.log import LiveDecision, live_decisions
from db.decisions.taking import GivenAnswer, take
from db.decisions.taking_back import (
    AnswerRun,
    Reinstated,
    brought_back,
    described,
    newest_run,
    reinstate_answers,
    take_back_answers,
)
from db.errors import DecisionError
from db.exports.decision_rows import log_rows, standing_rows
from db.models import Answer, Decision, Event, Source
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from db.serving.random_slice import blind_answers, slice_clip_ids
from learner.dataset.label_aggregation import training_labels
from tests.filled_projects import add_clips, answer


def id_of(project: OpenProject, annotator: str) -> int:
    with project.write() as session:
        return annotator_named(session, annotator).id


def run_of(project: OpenProject, annotator: str, first: str, last: str) -> AnswerRun:
    """From one answer to another, by their UUIDs."""
    with project.read() as session:
        moments = {row.uuid: row.created_at for row in session.execute(select(Decision.uuid, Decision.created_at))}
    return AnswerRun(id_of(project, annotator), moments[first], moments[last])


def taken_back(project: OpenProject, run: AnswerRun) -> int:
    """Take a run back as lead; the event's id."""
    with project.write() as session:
        assert take_back_answers(session, run, by="lead") > 0
    with project.read() as session:
        return session.scalars(select(Event.id).order_by(Event.id.desc())).first() or 0


def brought(project: OpenProject, event: int) -> Reinstated:
    with project.write() as session:
        return reinstate_answers(session, event, by="lead")


def live(project: OpenProject) -> list[LiveDecision]:
    with project.read() as session:
        return live_decisions(session)


def order(one: LiveDecision) -> int:
    return one.order


def counted(one: LiveDecision) -> tuple[Any, ...]:
    """All that readers of decisions look at."""
    return one.clip_id, one.annotator_id, one.answer, one.label_id, one.source, one.queued_as, one.gold, one.blind


def exported(project: OpenProject, *, as_of: float | None = None) -> list[dict[str, Any]]:
    """The rows of decisions without what names a row of the log, by clip and annotator."""
    with project.read() as session:
        rows = [{**row} for row in standing_rows(session, as_of=as_of)]
    for row in rows:
        row.pop("id"), row.pop("uuid"), row.pop("replaces", None)
    return sorted(rows, key=lambda row: (row["clip"], row["annotator"]))


def test_all_of_a_run_is_taken_back_and_comes_back_equal(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 6)
    before_the_run = answer(any_project, clips[0], "sad", annotator="ada", source=Source.RANDOM)
    answer(any_project, clips[1], "happy", annotator="ben", source=Source.RANDOM)
    first = answer(any_project, clips[0], "angry", annotator="ada", source=Source.REVIEW)
    given = GivenAnswer(
        uuid=str(uuid.uuid4()),
        clip_id=clips[1],
        annotator_id=id_of(any_project, "ada"),
        answer=Answer.SKIP,
        source=Source.OVERLAP,
        seconds=2.5,
        plays=3,
        reason="noisy",
        heard={"speed": 1.5},
    )
    with any_project.write() as session:
        take(session, given)
    answer(any_project, clips[2], "sad", annotator="ada", suggestion_shown=True)
    answer(any_project, clips[3], "sad", annotator="ada")
    answer(any_project, clips[3], "happy", annotator="ada")
    last = answer(any_project, clips[4], "happy", annotator="ada", source=Source.REVIEW, gold=True)
    answer(any_project, clips[5], "sad", annotator="ada")
    run = run_of(any_project, "ada", first, last)
    was, rows, labels = live(any_project), exported(any_project), training_labels(live(any_project))
    with any_project.read() as session:
        told = described(session, run)
        sliced = slice_clip_ids(session, answered=blind_answers(was))
    assert (told.annotator, told.standing, told.since, told.until) == ("ada", 5, run.since, run.until)

    event = taken_back(any_project, run)
    left = {(one.clip_id, one.uuid) for one in live(any_project) if one.annotator_id == run.annotator_id}
    assert {clip for clip, _ in left} == {clips[0], clips[5]}, "the label that was given twice in the run is gone as well"
    assert (clips[0], before_the_run) in left, "what was superseded before the run stands again"

    assert brought(any_project, event) == Reinstated(5, 0)
    now = live(any_project)
    assert sorted(map(counted, now), key=str) == sorted(map(counted, was), key=str)
    assert exported(any_project) == rows, "when it was given, seconds, plays and reason included"
    assert (training_labels(now), training_labels(now).weights) == (labels, labels.weights)
    assert [one.created_at for one in sorted(now, key=order)] == [one.created_at for one in sorted(was, key=order)]
    with any_project.read() as session:
        assert slice_clip_ids(session, answered=blind_answers(now)) == sliced
        assert {one.label_id: one.since for one in now if one.clip_id == clips[0]} == {
            one.label_id: one.since for one in was if one.clip_id == clips[0]
        }


def test_exports_as_of_each_moment_see_the_answers_of_then(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 3)
    uuids = [answer(any_project, clip, "angry", annotator="ada") for clip in clips]
    run = run_of(any_project, "ada", uuids[0], uuids[1])
    all_rows = exported(any_project)
    event = taken_back(any_project, run)
    brought(any_project, event)
    with any_project.read() as session:
        moments = sorted({row.created_at for row in session.scalars(select(Decision))})
        answered, undone, again = moments[2], moments[3], moments[4]
        assert len(moments) == 5, "each of the two changes happened at one moment"
        assert [row["answer"] for row in log_rows(session)] == ["label"] * 3 + ["undo"] * 2 + ["label"] * 2
    assert exported(any_project, as_of=answered) == exported(any_project, as_of=again) == all_rows
    assert exported(any_project, as_of=undone) == all_rows[2:]


def test_a_run_that_came_back_can_be_taken_back_by_the_same_moments(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 2)
    uuids = [answer(any_project, clip, "angry", annotator="ada") for clip in clips]
    run = run_of(any_project, "ada", *uuids)
    for _ in range(2):
        brought(any_project, taken_back(any_project, run))
    assert [one.label_id is not None for one in live(any_project)] == [True, True]
    with any_project.read() as session:
        assert described(session, run).standing == 2
        assert newest_run(session, annotator_id=run.annotator_id, count=2) == run
    event = taken_back(any_project, run)
    assert live(any_project) == []
    assert brought(any_project, event).answers == 2


def test_what_comes_back_is_no_newer_than_before_where_the_newest_counts(any_project: OpenProject) -> None:
    one, two = add_clips(any_project, 2)
    fixed = [answer(any_project, clip, "angry", annotator="ada", source=Source.REVIEW, gold=clip == one) for clip in (one, two)]
    answer(any_project, one, "sad", annotator="ben", source=Source.REVIEW, gold=True)
    answer(any_project, two, "sad", annotator="ben")
    with any_project.read() as session:
        before = consensus_labels(live_decisions(session))
    brought(any_project, taken_back(any_project, run_of(any_project, "ada", *fixed)))
    with any_project.read() as session:
        assert consensus_labels(live_decisions(session)) == before, "the newer gold label, and the newer one of a tie"


def test_what_was_answered_anew_or_withdrawn_since_stays_as_it_is(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 3)
    uuids = [answer(any_project, clip, "angry", annotator="ada") for clip in clips]
    event = taken_back(any_project, run_of(any_project, "ada", uuids[0], uuids[2]))
    answer(any_project, clips[0], "sad", annotator="ada")
    with any_project.write() as session:
        withdraw_clips(session, [clips[1]], reason=None)
    assert brought(any_project, event) == Reinstated(1, 2)
    with any_project.read() as session:
        labels = consensus_labels(live_decisions(session))
        assert set(labels) == {clips[0], clips[2]}
        assert labels[clips[0]] != labels[clips[2]]
        assert brought_back(session) == {event}


def test_nothing_is_brought_back_twice_and_nothing_is_recorded_for_nothing(any_project: OpenProject) -> None:
    (clip,) = add_clips(any_project, 1)
    made = answer(any_project, clip, "angry", annotator="ada")
    run = run_of(any_project, "ada", made, made)
    event = taken_back(any_project, run)
    with any_project.write() as session:
        assert take_back_answers(session, run, by="lead") == 0
        assert described(session, run).standing == 0
    brought(any_project, event)
    with pytest.raises(DecisionError, match="brought back already"):
        brought(any_project, event)
    with pytest.raises(DecisionError, match="never taken back"):
        brought(any_project, 999)
    with any_project.read() as session:
        events = session.scalars(select(Event).order_by(Event.id)).all()
        assert [(one.kind, one.done_by) for one in events] == [("answers-taken-back", "lead"), ("answers-reinstated", "lead")]
        assert events[0].details["answers"] == [1]


@pytest.mark.parametrize("first", ["newer", "older"])
def test_two_runs_of_one_clip_come_back_in_either_order(any_project: OpenProject, first: str) -> None:
    (clip,) = add_clips(any_project, 1)
    older = answer(any_project, clip, "sad", annotator="ada")
    newer = answer(any_project, clip, "angry", annotator="ada")
    was = [counted(one) for one in live(any_project)]
    events = {
        "newer": taken_back(any_project, run_of(any_project, "ada", newer, newer)),
        "older": taken_back(any_project, run_of(any_project, "ada", older, older)),
    }
    brought(any_project, events.pop(first))
    brought(any_project, *events.values())
    assert [counted(one) for one in live(any_project)] == was, "the newer of the two stands, as before"


def test_an_answer_that_comes_back_is_not_the_one_that_a_lead_asked_for(any_project: OpenProject) -> None:
    (clip,) = add_clips(any_project, 1)
    ours = answer(any_project, clip, "sad", annotator="ada")
    answer(any_project, clip, "angry", annotator="ben")
    event = taken_back(any_project, run_of(any_project, "ada", ours, ours))
    with any_project.write() as session:
        assert ask_again(session, [clip], by="lead") == 1
    brought(any_project, event)
    with any_project.read() as session:
        assert clips_asked_again(session) == {clip}
    answer(any_project, clip, "sad", annotator="cat")
    with any_project.read() as session:
        assert clips_asked_again(session) == set()
