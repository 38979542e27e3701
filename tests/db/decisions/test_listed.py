"""Clips as a lead's lists show them."""

from __future__ import annotations

from db.decisions.listed import disagreements, listed_clips, unlabelled
from db.models import Answer, Clip, ClipState
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from tests.filled_projects import add_clips, answer, undo


def ids_of(project: OpenProject, *names: str) -> list[int]:
    with project.write() as session:
        return [annotator_named(session, name).id for name in names]


def test_clips_are_listed_by_id_and_none_that_is_out_of_service(project: OpenProject) -> None:
    first, second = add_clips(project, 2)
    with project.write() as session:
        session.get_one(Clip, second).state = ClipState.BROKEN
    with project.read() as session:
        found = listed_clips(session, [second, first, first, 999])
    assert list(found) == [first]
    assert (found[first].file_name, found[first].seconds, found[first].speaker) == ("0.wav", 1.0, "s0")


def test_two_people_disagree_where_their_labels_that_stand_differ(project: OpenProject) -> None:
    same, first, second, taken_back = add_clips(project, 4)
    for clip, label in ((same, "sad"), (first, "sad"), (second, "happy"), (taken_back, "happy")):
        answer(project, clip, label, annotator="Ann")
    for clip, label in ((same, "sad"), (first, "angry"), (second, "sad"), (taken_back, "sad")):
        answer(project, clip, label, annotator="Bo")
    undo(project, annotator="Bo")
    answer(project, second, None, annotator="Cleo", kind=Answer.UNSURE)
    ann, bo, cleo = ids_of(project, "Ann", "Bo", "Cleo")
    with project.read() as session:
        found = disagreements(session, ann, bo, limit=10)
        assert [(row.clip_id, row.first, row.second) for row in found] == [(second, "happy", "sad"), (first, "sad", "angry")]
        assert len(disagreements(session, ann, bo, limit=1)) == 1
        assert disagreements(session, ann, cleo, limit=10) == []


def test_skipped_and_unsure_clips_come_newest_first(project: OpenProject) -> None:
    first, second, third = add_clips(project, 3)
    answer(project, first, None, kind=Answer.SKIP)
    answer(project, second)
    answer(project, third, None, kind=Answer.UNSURE, annotator="Bo")
    with project.read() as session:
        found = unlabelled(session, (Answer.SKIP, Answer.UNSURE), limit=10)
    assert [(row.clip_id, row.annotator, row.answer) for row in found] == [
        (third, "Bo", Answer.UNSURE),
        (first, "ann", Answer.SKIP),
    ]
