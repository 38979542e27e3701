"""The decision log: what stands after answers, corrections and undos; nothing is ever removed."""

from __future__ import annotations

from db.decisions.log import decision_counts, live_decisions, newest_decision_id, own_answer
from db.models import Source
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from db.serving.leases import lease_next
from tests.filled_projects import add_clips, answer, second_pass_of_an_older_version, undo


def standing(project: OpenProject) -> list[str]:
    with project.read() as session:
        return [decision.uuid for decision in live_decisions(session)]


def test_relabelling_supersedes_and_undoing_brings_the_first_answer_back(any_project: OpenProject) -> None:
    clip = add_clips(any_project, 1)[0]
    first, second = answer(any_project, clip, "angry"), answer(any_project, clip, "sad")
    assert standing(any_project) == [second]
    assert undo(any_project)
    assert standing(any_project) == [first]
    assert undo(any_project)
    assert standing(any_project) == []
    assert not undo(any_project), "nothing is left to undo"
    with any_project.read() as session:
        assert newest_decision_id(session) == 4, "two answers and two undo rows: nothing was removed"


def test_two_annotators_have_an_answer_each(any_project: OpenProject) -> None:
    clip = add_clips(any_project, 1)[0]
    mine, theirs = answer(any_project, clip, "angry", annotator="a"), answer(any_project, clip, "sad", annotator="b")
    assert standing(any_project) == [mine, theirs]
    with any_project.read() as session:
        who = annotator_named(session, "a").id
        assert decision_counts(session, who) == 1
        own = own_answer(session, clip_id=clip, annotator_id=who)
        assert own is not None
        assert own.uuid == mine


def test_a_second_pass_of_an_older_version_is_read_as_one(any_project: OpenProject) -> None:
    clip, reviewed = add_clips(any_project, 2)
    with any_project.write() as session:
        who = annotator_named(session, "ann").id
        (lease,) = lease_next(session, annotator_id=who, limit=1, random_share=0.2, lease_seconds=60, exclude={reviewed})
    second_pass_of_an_older_version(any_project, lease.lease_id)
    answer(any_project, reviewed, source=Source.REVIEW)
    with any_project.read() as session:
        sources = {decision.clip_id: decision.source for decision in live_decisions(session)}
    assert sources == {clip: Source.SECOND_PASS, reviewed: Source.REVIEW}
