"""What a clip was before an import changed it is kept, so that an earlier export can be made again."""

from __future__ import annotations

import random
from typing import Any

from sqlalchemy import select

from db.models import ClipChange
from db.project import OpenProject
from db.records.clip_details import Details, fill_details
from db.records.clips import NewClip, mark_broken, register_clip
from tests.filled_projects import new_file


def register(project: OpenProject, name: str, *, content: str, **details: Any) -> int:
    clip = NewClip(file=new_file(name, content=content), file_name=name, start=0.0, end=1.0, **details)
    with project.write() as session:
        return register_clip(session, clip, rng=random.Random(0)).clip_id


def changes(project: OpenProject) -> list[tuple[int, dict[str, Any]]]:
    with project.read() as session:
        return [(change.clip_id, change.before) for change in session.scalars(select(ClipChange).order_by(ClipChange.id))]


def test_details_that_are_filled_in_leave_what_was_there_before(any_project: OpenProject) -> None:
    clip = register(any_project, "a.wav", content="a", speaker="s1", extra={"room": "3"})
    with any_project.write() as session:
        fill_details(session, {clip: Details(speaker="s2", transcript="hello", split=None, extra={"room": "4", "mic": "x"})})
    assert changes(any_project) == [(clip, {"transcript": None, "extra": {"room": "3"}})]


def test_details_that_change_nothing_leave_nothing(any_project: OpenProject) -> None:
    clip = register(any_project, "a.wav", content="a", speaker="s1", extra={"room": "3"})
    with any_project.write() as session:
        fill_details(session, {clip: Details(speaker="s1", transcript=None, split=None, extra={"room": "3"})})
    register(any_project, "a.wav", content="a")
    assert changes(any_project) == []


def test_a_clip_that_comes_back_under_another_name_leaves_the_old_one(any_project: OpenProject) -> None:
    clip = register(any_project, "a.wav", content="same")
    with any_project.write() as session:
        mark_broken(session, clip, "unreadable")
    register(any_project, "b.wav", content="same")
    assert changes(any_project) == [
        (clip, {"state": "ready"}),
        (clip, {"file_id": 1, "file_name": "a.wav", "state": "broken"}),
    ]


def test_a_clip_that_is_replaced_leaves_that_it_was_in_service(any_project: OpenProject) -> None:
    clip = register(any_project, "a.wav", content="old")
    register(any_project, "a.wav", content="new")
    assert changes(any_project) == [(clip, {"state": "ready"})]


def test_an_alias_that_takes_over_leaves_the_first_name(any_project: OpenProject) -> None:
    clip = register(any_project, "a.wav", content="same")
    register(any_project, "b.wav", content="same")
    register(any_project, "a.wav", content="other")
    assert changes(any_project) == [(clip, {"file_id": 1, "file_name": "a.wav"})]
