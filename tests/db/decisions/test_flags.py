"""Flags: raised, changed, taken down, sent twice."""

from __future__ import annotations

import uuid

import pytest

from db.decisions.flags import append_flag, own_flag, raised_flags
from db.errors import DecisionError
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from tests.filled_projects import add_clips


def flag(project: OpenProject, clip_id: int, note: str, *, who: str = "Ann", made: str | None = None, raised: bool = True) -> str:
    made = made or str(uuid.uuid4())
    with project.write() as session:
        annotator_id = annotator_named(session, who).id
        append_flag(session, uuid=made, clip_id=clip_id, annotator_id=annotator_id, note=note, raised=raised)
    return made


def standing(project: OpenProject) -> list[tuple[int, str, str]]:
    with project.read() as session:
        return [(found.clip_id, found.annotator, found.note) for found in raised_flags(session)]


def test_the_newest_flag_of_a_person_on_a_clip_counts(any_project: OpenProject) -> None:
    first, second = add_clips(any_project, 2)
    flag(any_project, first, "two voices")
    flag(any_project, first, "a dog", who="Bob")
    flag(any_project, second, "")
    flag(any_project, first, "two voices, one far away")
    assert standing(any_project) == [
        (first, "Ann", "two voices, one far away"),
        (second, "Ann", ""),
        (first, "Bob", "a dog"),
    ]
    flag(any_project, second, "", raised=False)
    assert [clip for clip, _, _ in standing(any_project)] == [first, first]
    with any_project.read() as session:
        ann = annotator_named(session, "Ann").id
        assert own_flag(session, clip_id=first, annotator_id=ann) == "two voices, one far away"
        assert own_flag(session, clip_id=second, annotator_id=ann) is None


def test_a_flag_sent_again_is_stored_once_and_not_under_another_name(any_project: OpenProject) -> None:
    clip, other = add_clips(any_project, 2)
    made = flag(any_project, clip, "noise")
    flag(any_project, clip, "noise", made=made)
    assert len(standing(any_project)) == 1
    with pytest.raises(DecisionError, match="stored for another clip or annotator"):
        flag(any_project, other, "noise", made=made)
    with pytest.raises(DecisionError, match="There is no clip 999"):
        flag(any_project, 999, "noise")
