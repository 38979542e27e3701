"""What waits for a reviewer, and what does not any more."""

from __future__ import annotations

import uuid

import pytest

from db.decisions.consensus import consensus_labels
from db.decisions.flags import append_flag
from db.decisions.log import decision_counts, live_decisions
from db.decisions.review import StandingAnswer, clips_to_review, doubted_clips, fix_labels, own_answers, take_back_run
from db.errors import LabelError
from db.models import Answer, Clip, ClipState, Source
from db.project import OpenProject
from db.records.labels import active_labels
from db.records.people.annotators import annotator_named
from tests.db.serving.test_second_pass import doubt
from tests.filled_projects import add_clips, answer, standing


def flag(project: OpenProject, clip: int, note: str, *, annotator: str = "ann", raised: bool = True) -> None:
    with project.write() as session:
        who = annotator_named(session, annotator).id
        append_flag(session, uuid=str(uuid.uuid4()), clip_id=clip, annotator_id=who, note=note, raised=raised)


def waiting(project: OpenProject) -> list[int]:
    with project.read() as session:
        return [clip.clip_id for clip in clips_to_review(session)]


def test_clips_wait_whose_labels_differ_until_a_reviewer_decides(any_project: OpenProject) -> None:
    one, two, three = add_clips(any_project, 3)
    for clip in (one, two, three):
        answer(any_project, clip, "angry", annotator="ann")
    answer(any_project, one, "sad", annotator="ben")
    answer(any_project, two, "angry", annotator="ben")
    answer(any_project, three, None, annotator="ben", kind=Answer.UNSURE)
    assert waiting(any_project) == [one], "unsure is no other label"
    with any_project.read() as session:
        (found,) = clips_to_review(session)
    assert (found.differ, found.answers) == (True, [StandingAnswer("ann", "angry"), StandingAnswer("ben", "sad")])
    answer(any_project, one, "happy", annotator="rev", source=Source.REVIEW, gold=True)
    assert waiting(any_project) == []
    with any_project.read() as session:
        names = {label.id: label.name for label in active_labels(session)}
        assert names[consensus_labels(live_decisions(session))[one]] == "happy"


def test_doubted_labels_wait_in_the_order_of_doubt_until_they_are_fixed_or_changed(any_project: OpenProject) -> None:
    one, two, three = add_clips(any_project, 3)
    for clip in (one, two, three):
        answer(any_project, clip, "angry")
    doubt(any_project, [three, one, two])

    def doubted() -> list[int]:
        with any_project.read() as session:
            return [clip.clip_id for clip in doubted_clips(session)]

    assert doubted() == [three, one, two]
    answer(any_project, three, "angry", annotator="rev", source=Source.REVIEW, gold=True)
    answer(any_project, one, "sad")
    assert doubted() == [two], "fixed by a reviewer, and changed by who said it"


def test_flagged_clips_come_first_until_they_are_dealt_with_or_taken_down(any_project: OpenProject) -> None:
    one, two, three = add_clips(any_project, 3)
    answer(any_project, one, "angry", annotator="ann")
    answer(any_project, one, "sad", annotator="ben")
    flag(any_project, two, "clipped?")
    flag(any_project, three, "no speech")
    assert waiting(any_project) == [three, two, one]
    with any_project.read() as session:
        assert [clip.flags for clip in clips_to_review(session, limit=2)] == [[("ann", "no speech")], [("ann", "clipped?")]]
        assert [clip.clip_id for clip in clips_to_review(session, leave_out={three})] == [two, one]
    flag(any_project, three, "", raised=False)
    answer(any_project, two, None, annotator="rev", kind=Answer.SKIP, source=Source.REVIEW, gold=True)
    assert waiting(any_project) == [one]
    flag(any_project, two, "still clipped")
    assert waiting(any_project) == [two, one], "a flag newer than the reviewer's answer counts"


def test_labels_of_many_clips_are_fixed_at_once_and_only_where_that_changes_something(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 4)
    answer(any_project, clips[0], "sad")
    answer(any_project, clips[1], "angry", annotator="lead", source=Source.REVIEW, gold=True)
    answer(any_project, clips[2], "sad", annotator="lead", source=Source.REVIEW, gold=True)
    with any_project.write() as session:
        session.get_one(Clip, clips[3]).state = ClipState.BROKEN
        lead = annotator_named(session, "lead").id
        assert fix_labels(session, clips, "angry", annotator_id=lead, hinted=False) == 2
        assert fix_labels(session, clips, "angry", annotator_id=lead, hinted=False) == 0
    fixed = [(row.clip_id, row.source) for row in standing(any_project) if row.gold]
    assert fixed == [(clips[1], Source.REVIEW), (clips[0], Source.REVIEW), (clips[2], Source.REVIEW)]
    with any_project.write() as session, pytest.raises(LabelError, match="'calm' is not in the label set"):
        fix_labels(session, clips, "calm", annotator_id=lead, hinted=False)


def test_a_run_of_somebodys_answers_is_taken_back_and_nobody_elses(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 6)
    for clip in clips:
        answer(any_project, clip, "angry", annotator="careless")
    answer(any_project, clips[0], "sad", annotator="ann")
    with any_project.write() as session:
        careless = annotator_named(session, "careless").id
        assert take_back_run(session, annotator_id=careless, count=4) == 4
    with any_project.read() as session:
        assert [decision.clip_id for decision in live_decisions(session) if decision.annotator_id == careless] == clips[:2]
        assert decision_counts(session) == 3
    with any_project.write() as session:
        assert take_back_run(session, annotator_id=careless, count=10) == 2


def test_own_answers_are_listed_newest_first_as_they_stand(any_project: OpenProject) -> None:
    one, two, _ = add_clips(any_project, 3)
    answer(any_project, one, "angry")
    answer(any_project, two, "sad")
    answer(any_project, two, "happy", annotator="ben")
    answer(any_project, one, "sad")
    with any_project.write() as session:
        ann = annotator_named(session, "ann").id
        found = own_answers(session, annotator_id=ann)
    assert [(clip.clip_id, clip.answers) for clip in found] == [
        (one, [StandingAnswer("ann", "sad")]),
        (two, [StandingAnswer("ann", "sad")]),
    ]
