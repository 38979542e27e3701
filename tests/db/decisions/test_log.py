"""The decision log: appended, superseded, undone; never twice."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from db.decisions.consensus import consensus_labels
from db.decisions.log import append_decision, decision_counts, live_decisions, newest_decision_id, undo_decision
from db.errors import DecisionError, EarmarkError, LabelError
from db.models import Answer, Source
from db.project import OpenProject
from db.records.annotators import annotator_named
from db.records.labels import label_by_name
from db.serving.random_slice import blind_answers
from tests.filled_projects import add_clips, answer
from tests.owed_clips import owed_clips


def undo(project: OpenProject, *, annotator: str = "ann", decision: str | None = None) -> bool:
    with project.write() as session:
        who = annotator_named(session, annotator).id
        return undo_decision(session, uuid=str(uuid.uuid4()), annotator_id=who, decision_uuid=decision) is not None


def standing(project: OpenProject) -> list[str]:
    with project.read() as session:
        return [decision.uuid for decision in live_decisions(session)]


def consensus(project: OpenProject) -> dict[int, int]:
    with project.read() as session:
        return consensus_labels(live_decisions(session))


def label_id(project: OpenProject, name: str) -> int:
    with project.read() as session:
        return label_by_name(session, name).id


def test_an_answer_sent_twice_is_stored_once(any_project: OpenProject) -> None:
    clip, sent = add_clips(any_project, 1)[0], str(uuid.uuid4())
    for _ in range(3):
        with any_project.write() as session:
            who = annotator_named(session, "ann").id
            append_decision(
                session, uuid=sent, clip_id=clip, annotator_id=who, answer=Answer.LABEL, label="sad", source=Source.RANDOM
            )
    assert standing(any_project) == [sent]


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


def test_undo_takes_back_only_ones_own_answers(any_project: OpenProject) -> None:
    first, second = add_clips(any_project, 2)
    mine, theirs = answer(any_project, first, annotator="me"), answer(any_project, second, annotator="them")
    with pytest.raises(DecisionError, match="not a standing answer of this annotator"):
        undo(any_project, annotator="me", decision=theirs)
    assert undo(any_project, annotator="me")
    assert standing(any_project) == [theirs] != [mine]


def test_two_annotators_have_an_answer_each(any_project: OpenProject) -> None:
    clip = add_clips(any_project, 1)[0]
    answer(any_project, clip, "angry", annotator="a")
    answer(any_project, clip, "sad", annotator="b")
    assert len(standing(any_project)) == 2
    with any_project.read() as session:
        assert decision_counts(session, annotator_named(session, "a").id) == 1


@pytest.mark.parametrize(
    ("labels", "agreed"),
    [(["angry", "sad", "sad"], "sad"), (["sad", "sad", "angry"], "sad"), (["angry", "sad"], "sad"), (["sad", "angry"], "angry")],
)
def test_consensus_is_the_majority_and_in_a_tie_the_newest(project: OpenProject, labels: list[str], agreed: str) -> None:
    clip = add_clips(project, 1)[0]
    for number, label in enumerate(labels):
        answer(project, clip, label, annotator=f"annotator {number}")
    assert consensus(project) == {clip: label_id(project, agreed)}


def test_gold_outweighs_every_vote(project: OpenProject) -> None:
    clip = add_clips(project, 1)[0]
    answer(project, clip, "happy", annotator="reviewer", gold=True, source=Source.REVIEW)
    for name in ("a", "b", "c"):
        answer(project, clip, "sad", annotator=name)
    assert consensus(project) == {clip: label_id(project, "happy")}


@pytest.mark.parametrize("kind", [Answer.UNSURE, Answer.SKIP])
def test_unsure_and_skipped_clips_have_no_label(project: OpenProject, kind: Answer) -> None:
    answer(project, add_clips(project, 1)[0], kind=kind)
    assert consensus(project) == {}


def test_what_cannot_be_recorded_is_refused_and_nothing_is_stored(project: OpenProject) -> None:
    clip = add_clips(project, 1)[0]
    good: dict[str, Any] = {"uuid": str(uuid.uuid4()), "clip_id": clip, "answer": Answer.LABEL, "label": "sad"}
    good["source"] = Source.RANDOM
    bad: list[tuple[dict[str, Any], type[EarmarkError]]] = [
        ({"uuid": "no uuid"}, DecisionError),
        ({"clip_id": 999}, DecisionError),
        ({"label": "furious"}, LabelError),
        ({"label": None}, DecisionError),
        ({"answer": Answer.SKIP}, DecisionError),
        ({"answer": Answer.UNDO, "label": None}, DecisionError),
        ({"seconds": float("nan")}, DecisionError),
        ({"plays": -1}, DecisionError),
    ]
    for change, error in bad:
        with pytest.raises(error), project.write() as session:
            append_decision(session, annotator_id=annotator_named(session, "ann").id, **{**good, **change})
    assert standing(project) == []


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "a\x00b", "two\nlines"])
def test_an_unusable_annotator_name_is_refused(project: OpenProject, name: str) -> None:
    with pytest.raises(DecisionError, match="annotator's name"), project.write() as session:
        annotator_named(session, name)


def test_a_mended_label_of_the_random_slice_still_belongs_to_it(any_project: OpenProject) -> None:
    clip, other = add_clips(any_project, 2)
    answer(any_project, clip, "sad", source=Source.RANDOM)
    answer(any_project, other, "sad", source=Source.UNCERTAIN)
    for _ in range(2):
        answer(any_project, clip, "happy", source=Source.SCRIPTED)
        answer(any_project, other, "happy", source=Source.SCRIPTED)
    with any_project.read() as session:
        assert {row.clip_id: row.queued_as for row in live_decisions(session)} == {clip: Source.RANDOM, other: None}


def test_a_uuid_never_stands_for_both_an_answer_and_an_undo(project: OpenProject) -> None:
    clip = add_clips(project, 1)[0]
    sent, undone = answer(project, clip), str(uuid.uuid4())
    with project.write() as session:
        who = annotator_named(session, "ann").id
        with pytest.raises(DecisionError, match="another decision"):
            undo_decision(session, uuid=sent, annotator_id=who)
        undo_decision(session, uuid=undone, annotator_id=who)
        with pytest.raises(DecisionError, match="make a new UUID"):
            append_decision(session, uuid=undone, clip_id=clip, annotator_id=who, answer=Answer.SKIP, source=Source.RANDOM)


def test_who_reviews_an_answer_given_with_a_hint_is_not_blind_either(any_project: OpenProject) -> None:
    own, suggested, blind, judged, nothing_heard = add_clips(any_project, 5)
    answer(any_project, own, "sad", source=Source.GRID)
    answer(any_project, suggested, "sad", suggestion_shown=True)
    answer(any_project, blind, "sad", source=Source.RANDOM)
    answer(any_project, judged, "sad", source=Source.GRID)
    for _ in range(2):
        for clip in (own, suggested, blind):
            answer(any_project, clip, "happy", source=Source.REVIEW)
    answer(any_project, judged, "happy", annotator="rev", source=Source.REVIEW, gold=True)
    answer(any_project, nothing_heard, "happy", annotator="rev", source=Source.REVIEW, gold=True)
    with any_project.read() as session:
        assert blind_answers(live_decisions(session)) == {blind, nothing_heard}
        assert set(owed_clips(session, 5)) == {own, suggested, judged}
    answer(any_project, own, "angry", source=Source.RANDOM)
    answer(any_project, judged, "angry", annotator="ben")
    answer(any_project, judged, "sad", annotator="rev", source=Source.REVIEW, gold=True)
    with any_project.read() as session:
        assert blind_answers(live_decisions(session)) == {own, blind, judged, nothing_heard}
