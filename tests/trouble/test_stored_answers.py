"""The check of stored answers fails when it must: else the tests of trouble would show nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from db.project import OpenProject
from tests.filled_projects import add_clips, answer
from tests.trouble.burst import Given
from tests.trouble.stored_answers import check_stored_answers


@pytest.fixture
def acknowledged(project: OpenProject) -> dict[str, Given]:
    """Three answers, by UUID; their rows can be changed."""
    labels = ("angry", "happy", "sad")
    clips = add_clips(project, 3)
    uuids = [answer(project, clip, label) for clip, label in zip(clips, labels, strict=True)]
    with project.write() as session:
        for what in ("UPDATE", "DELETE"):
            session.execute(text(f"DROP TRIGGER decision_is_append_only_{what}"))
    return {uuid: (f"{number}.wav", labels[number]) for number, uuid in enumerate(uuids)}


def test_what_is_stored_as_it_was_given_is_right(project: OpenProject, acknowledged: dict[str, Given]) -> None:
    check_stored_answers(project, acknowledged)


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("DELETE FROM decision WHERE id = 2", "1 of 3 acknowledged answers are not stored as they were given"),
        ("UPDATE decision SET label_id = 1 WHERE id = 2", "1 of 3 acknowledged answers are not stored as they were given"),
        ("UPDATE decision SET clip_id = 1 WHERE id = 2", "1 of 3 acknowledged answers are not stored as they were given"),
    ],
)
def test_a_lost_or_changed_answer_is_found(project: OpenProject, acknowledged: dict[str, Given], damage: str, found: str) -> None:
    with project.write() as session:
        session.execute(text(damage))
    with pytest.raises(AssertionError, match=found):
        check_stored_answers(project, acknowledged)


def test_a_doubled_answer_is_found(project: OpenProject, acknowledged: dict[str, Given]) -> None:
    answer(project, 2, "happy")
    with pytest.raises(AssertionError, match="an answer is stored twice"):
        check_stored_answers(project, acknowledged, all_of_them=False)


def test_an_answer_that_was_never_acknowledged_is_found(project: OpenProject, acknowledged: dict[str, Given]) -> None:
    (later,) = add_clips(project, 4)[3:]
    answer(project, later)
    check_stored_answers(project, acknowledged, all_of_them=False)
    with pytest.raises(AssertionError, match="stored that was never acknowledged"):
        check_stored_answers(project, acknowledged)
