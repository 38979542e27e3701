"""Agreement so far, and before and after the guidelines changed."""

from __future__ import annotations

import pytest

from db.decisions.guidelines import note_guidelines
from db.models import Source
from db.project import OpenProject
from db.quality.shared_clips import agreement_by_version, agreement_now
from tests.filled_projects import add_clips, answer


def note(project: OpenProject, text: str) -> None:
    with project.write() as session:
        note_guidelines(session, text, by="lead")


def test_agreement_is_of_clips_that_several_people_labelled_without_a_hint(any_project: OpenProject) -> None:
    one, two, three, four, five = add_clips(any_project, 5)
    for clip, ann, ben in ((one, "sad", "sad"), (two, "sad", "angry"), (three, "happy", "happy")):
        answer(any_project, clip, ann, annotator="ann")
        answer(any_project, clip, ben, annotator="ben")
    answer(any_project, one, "angry", annotator="cid")
    answer(any_project, four, "sad", annotator="ann")
    answer(any_project, four, "angry", annotator="lead", source=Source.REVIEW, gold=True)
    answer(any_project, five, "sad", annotator="ann", suggestion_shown=True)
    answer(any_project, five, "sad", annotator="ben")
    with any_project.read() as session:
        now = agreement_now(session)
    assert now is not None
    assert now.clips == 3
    assert now.agreed == pytest.approx((1 / 3 + 0 + 1) / 3)


def test_answers_count_under_the_version_that_was_in_force(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 9)
    with any_project.read() as session:
        assert agreement_by_version(session) == []
    answer(any_project, clips[8], "sad", annotator="ann")
    note(any_project, "one")
    for clip in clips[:4]:
        answer(any_project, clip, "sad", annotator="ann")
        answer(any_project, clip, "sad" if clip == clips[0] else "angry", annotator="ben")
    note(any_project, "two")
    for clip in clips[4:8]:
        answer(any_project, clip, "sad", annotator="ann")
        answer(any_project, clip, "sad", annotator="ben")
    answer(any_project, clips[8], "angry", annotator="ben")
    with any_project.read() as session:
        first, second = agreement_by_version(session)
    assert first.version is not None
    assert second.version is not None
    assert (first.version.number, first.agreed.hits, first.agreed.of) == (1, 1, 4)
    assert (second.version.number, second.agreed.hits, second.agreed.of) == (2, 4, 4), "a pair across versions says nothing"
