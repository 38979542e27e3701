"""Clips that a lead asks again: served before the queue, blind, to somebody who has not answered them last, and once."""

from __future__ import annotations

import pytest

from db.decisions.asked_again import ask_again, clips_asked_again
from db.models import Clip, ClipState, Source
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from db.serving import asked_again as serving
from db.serving.leases import LeasedClip, lease_next, release_leases
from db.serving.upcoming import upcoming
from tests.db.serving.test_upcoming import rank
from tests.filled_projects import add_clips, answer, answer_leased, undo


def ask(project: OpenProject, clips: list[int]) -> int:
    with project.write() as session:
        return ask_again(session, clips, by="lead")


def waiting(project: OpenProject) -> list[int]:
    with project.read() as session:
        return sorted(clips_asked_again(session))


def lease(project: OpenProject, annotator: str, *, limit: int = 3, random_share: float = 0.0) -> list[LeasedClip]:
    with project.write() as session:
        who = annotator_named(session, annotator).id
        return lease_next(session, annotator_id=who, limit=limit, random_share=random_share, lease_seconds=60)


def asked_of(leased: list[LeasedClip]) -> list[int]:
    return [clip.clip_id for clip in leased if clip.source == Source.ASKED_AGAIN]


@pytest.fixture
def clips(any_project: OpenProject) -> list[int]:
    """Twelve clips, of which Ann answered the first four and Ben the fifth."""
    clips = add_clips(any_project, 12)
    rank(any_project, clips[5:])
    for clip in clips[:4]:
        answer(any_project, clip, annotator="ann")
    answer(any_project, clips[4], annotator="ben")
    return clips


def test_a_clip_is_asked_before_the_queue_until_somebody_has_answered(any_project: OpenProject, clips: list[int]) -> None:
    assert ask(any_project, [clips[2], clips[0]]) == 2
    leased = lease(any_project, "ben")
    assert [clip.clip_id for clip in leased] == [clips[0], clips[2], clips[5]]
    assert asked_of(leased) == [clips[0], clips[2]]
    assert leased[0].predicted is None
    row = answer_leased(any_project, leased[0].lease_id, "sad")
    assert (row.source, row.suggestion_shown) == (Source.ASKED_AGAIN, False)
    assert waiting(any_project) == [clips[2]]
    undo(any_project, annotator="ben")
    assert waiting(any_project) == [clips[0], clips[2]], "the answer was taken back"


def test_nobody_is_asked_what_they_answered_last_while_others_label(any_project: OpenProject, clips: list[int]) -> None:
    ask(any_project, [clips[0], clips[4]])
    assert asked_of(lease(any_project, "ann")) == [clips[4]]
    assert asked_of(lease(any_project, "ben")) == [clips[0]]
    with any_project.read() as session:
        nobody = upcoming(session, limit=3, random_share=0.0)
    assert {clip.source for clip in nobody} == {Source.UNCERTAIN}, "it depends on who asks"


def test_the_only_annotator_is_asked_at_once(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 4)
    answer(any_project, clips[0], annotator="ann")
    answer(any_project, clips[1], annotator="ann")
    answer(any_project, clips[1], annotator="lead", source=Source.REVIEW, gold=True)
    answer(any_project, clips[2], annotator="script", source=Source.IMPORTED)
    ask(any_project, [clips[0]])
    assert asked_of(lease(any_project, "ann")) == [clips[0]], "who reviews, and a file, answer no questions"


def test_who_answered_last_is_asked_when_nothing_else_is_left(any_project: OpenProject, clips: list[int]) -> None:
    ask(any_project, [clips[4]])
    for clip in clips[5:]:
        answer(any_project, clip, annotator="ann")
    assert asked_of(lease(any_project, "ben")) == [clips[4]]


def test_a_clip_is_with_one_annotator_at_a_time(any_project: OpenProject, clips: list[int]) -> None:
    ask(any_project, [clips[0]])
    first = lease(any_project, "ben")
    assert asked_of(first) == [clips[0]]
    assert asked_of(lease(any_project, "cleo")) == []
    with any_project.write() as session:
        release_leases(session, annotator_id=annotator_named(session, "ben").id, lease_ids=[first[0].lease_id])
    assert asked_of(lease(any_project, "cleo")) == [clips[0]]


def test_only_clips_with_an_answer_are_asked_again_and_once(any_project: OpenProject, clips: list[int]) -> None:
    with any_project.write() as session:
        session.get_one(Clip, clips[1]).state = ClipState.BROKEN
    assert ask(any_project, clips) == 4, "the broken one and the seven without an answer are left out"
    assert ask(any_project, clips) == 0, "they wait already"
    answer(any_project, clips[0], "sad", annotator="cleo")
    assert ask(any_project, clips) == 1
    assert waiting(any_project) == [clips[0], *clips[2:5]]


def test_the_random_slice_keeps_its_share(any_project: OpenProject, clips: list[int]) -> None:
    ask(any_project, clips[:4])
    sources = [clip.source for clip in lease(any_project, "ben", limit=6, random_share=0.25)]
    assert sources.count(Source.RANDOM) == 3, "a quarter of all eleven answers"
    assert sources.count(Source.ASKED_AGAIN) == 3


def test_old_wishes_are_met_although_not_all_are_looked_at(
    any_project: OpenProject, clips: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "LOOKED_AT", 1)
    for clip in clips[:3]:
        ask(any_project, [clip])
    for place in (0, 1):
        monkeypatch.setattr("random.randrange", lambda _, place=place: place)
        with any_project.read() as session:
            served = upcoming(session, limit=2, random_share=0.0, annotator_id=2)
        assert [clip.clip_id for clip in served] == [clips[2], clips[place]], "the newest, and one from anywhere"
