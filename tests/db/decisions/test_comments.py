"""Remarks: stored once, bounded, listed for leads with those that need an answer first."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy.exc import DBAPIError

from db.changes.withdrawing import withdraw_clips
from db.decisions.comments import append_comment, newest_reply, open_threads, threads
from db.errors import DecisionError
from db.models import Comment
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from tests.filled_projects import add_clips, answer


def remark(
    project: OpenProject, clip: int, text: str, *, who: str = "ann", settled: bool = False, made: str | None = None
) -> None:
    with project.write() as session:
        annotator_id = annotator_named(session, who).id
        append_comment(session, uuid=made, clip_id=clip, annotator_id=annotator_id, text=text, settled=settled)


def listed(project: OpenProject) -> list[tuple[int, bool]]:
    with project.read() as session:
        return [(thread.clip_id, thread.is_open) for thread in threads(session, limit=10)]


def test_what_needs_an_answer_comes_first_until_a_lead_settles_it(any_project: OpenProject) -> None:
    one, two, three = add_clips(any_project, 3)
    remark(any_project, one, "who speaks?")
    remark(any_project, two, "cut off")
    remark(any_project, three, "noise")
    remark(any_project, three, "", who="lea", settled=True)
    assert listed(any_project) == [(two, True), (one, True), (three, False)]
    remark(any_project, two, "skip it", who="lea", settled=True)
    assert listed(any_project) == [(one, True), (two, False), (three, False)]
    remark(any_project, three, "but it is loud")
    assert listed(any_project)[0] == (three, True), "a further remark opens it again"
    with any_project.write() as session:
        assert open_threads(session) == 2
        withdraw_clips(session, [one], reason=None)
    assert [clip for clip, _ in listed(any_project)] == [three, two]


def test_a_remark_that_is_sent_twice_is_stored_once_and_nobody_can_change_it(any_project: OpenProject) -> None:
    one, two = add_clips(any_project, 2)
    made = str(uuid.uuid4())
    for text in ("first", "second"):
        remark(any_project, one, text, made=made)
    with any_project.read() as session:
        assert [row.text for row in session.query(Comment)] == ["first"]
    with pytest.raises(DecisionError, match="another clip or annotator"):
        remark(any_project, two, "first", made=made)
    with pytest.raises(DBAPIError, match="append-only"), any_project.write() as session:
        session.query(Comment).one().text = "changed"


@pytest.mark.parametrize("text", ["", "  ", "x" * 1001])
def test_an_empty_or_very_long_remark_is_refused(project: OpenProject, text: str) -> None:
    (clip,) = add_clips(project, 1)
    with pytest.raises(DecisionError, match="cannot be kept; write 1 to 1000"):
        remark(project, clip, text)


def test_only_what_others_wrote_after_ones_own_remark_is_a_reply(any_project: OpenProject) -> None:
    (clip,) = add_clips(any_project, 1)
    answer(any_project, clip, annotator="ann")
    remark(any_project, clip, "mine is earlier", who="ben")
    remark(any_project, clip, "question")
    with any_project.write() as session:
        ann = annotator_named(session, "ann").id
        assert newest_reply(session, annotator_id=ann) == 0
    remark(any_project, clip, "", who="lea", settled=True)
    with any_project.read() as session:
        assert newest_reply(session, annotator_id=ann) == 0, "settling without words is no reply"
    remark(any_project, clip, "the second one", who="lea")
    with any_project.read() as session:
        assert newest_reply(session, annotator_id=ann) == max(row.id for row in session.query(Comment))
