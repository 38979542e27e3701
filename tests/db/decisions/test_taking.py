"""Answers are taken by one set of rules, wherever they come from; an answer that was sent again is stored once."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from db.decisions.conditions import given_in_app, given_on_review
from db.decisions.log import live_decisions
from db.decisions.taking import GivenAnswer, suggested_with, take, undo_decision
from db.errors import DecisionError, EarmarkError, LabelError
from db.models import Answer, Decision, Lease, Source
from db.project import OpenProject
from db.records.labels import label_by_name
from db.records.people.annotators import annotator_named
from db.records.runs import record_run
from db.serving.grid import lease_for_grid
from db.serving.random_slice import blind_answers
from tests.filled_projects import add_clips, answer, answer_leased, second_pass_of_an_older_version, undo
from tests.owed_clips import owed_clips


def lease(project: OpenProject, clip: int, *, annotator: str = "ann", source: Source = Source.RANDOM) -> int:
    """Hand a clip to an annotator for a source; the lease's id."""
    with project.write() as session:
        who = annotator_named(session, annotator).id
        if source == Source.GRID:
            (grid,) = lease_for_grid(session, annotator_id=who, clips=[clip], limit=1, lease_seconds=60)
            return grid.lease_id
        found = Lease(clip_id=clip, annotator_id=who, source=source, created_at=0.0, expires_at=2e10)
        session.add(found)
        session.flush()
        return found.id


def standing(project: OpenProject) -> list[str]:
    with project.read() as session:
        return [decision.uuid for decision in live_decisions(session)]


def test_an_answer_sent_twice_is_stored_once(any_project: OpenProject) -> None:
    clip, sent = add_clips(any_project, 1)[0], str(uuid.uuid4())
    for _ in range(3):
        with any_project.write() as session:
            who = annotator_named(session, "ann").id
            given = GivenAnswer(uuid=sent, clip_id=clip, annotator_id=who, answer=Answer.LABEL, label="sad", source=Source.RANDOM)
            take(session, given)
    assert standing(any_project) == [sent]


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
            take(session, GivenAnswer(annotator_id=annotator_named(session, "ann").id, **{**good, **change}))
    assert standing(project) == []


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "a\x00b", "two\nlines"])
def test_an_unusable_annotator_name_is_refused(project: OpenProject, name: str) -> None:
    with pytest.raises(DecisionError, match="annotator's name"), project.write() as session:
        annotator_named(session, name)


def test_the_lease_says_why_and_every_lease_on_the_clip_is_handed_back(any_project: OpenProject) -> None:
    clip, other = add_clips(any_project, 2)
    older, newer = lease(any_project, clip, source=Source.UNCERTAIN), lease(any_project, clip, source=Source.RANDOM)
    elsewhere = lease(any_project, other)
    row = answer_leased(any_project, older)
    assert (row.source, row.lease_id) == (Source.UNCERTAIN, older)
    with any_project.read() as session:
        ended = {found: session.get_one(Lease, found).released_at is not None for found in (older, newer, elsewhere)}
    assert ended == {older: True, newer: True, elsewhere: False}


def test_a_lease_of_somebody_else_is_not_believed(any_project: OpenProject) -> None:
    (clip,) = add_clips(any_project, 1)
    theirs = lease(any_project, clip, annotator="ben")
    with any_project.write() as session:
        who = annotator_named(session, "ann").id
        given = GivenAnswer(uuid=str(uuid.uuid4()), clip_id=clip, annotator_id=who, answer=Answer.SKIP, lease_id=theirs)
        row = take(session, given)
        assert row is not None
        assert (row.source, row.lease_id) == (Source.REVIEW, None)
        assert session.get_one(Lease, theirs).released_at is None


@pytest.mark.parametrize("stored", [Source.SECOND_PASS, Source.REVIEW])
def test_a_lease_of_the_second_pass_says_so_whichever_version_wrote_it(any_project: OpenProject, stored: Source) -> None:
    (clip,) = add_clips(any_project, 1)
    answer(any_project, clip, "happy", annotator="ben", source=Source.GRID)
    row = answer_leased(any_project, lease(any_project, clip, source=stored))
    assert row.source == Source.SECOND_PASS
    assert not row.suggestion_shown, "who is asked once more sees nobody's answer, so has nobody's hint"


def test_the_newest_run_counts_as_live_unless_the_answer_names_one(project: OpenProject) -> None:
    first, second = add_clips(project, 2)
    with project.write() as session:
        old, new = (
            record_run(session, feature_set_id=None, last_decision_id=0, decisions=0, labeled=0, settings={}, seconds=0.0)
            for _ in range(2)
        )
        who = annotator_named(session, "ann").id
        rows = [
            take(
                session,
                GivenAnswer(uuid=str(uuid.uuid4()), clip_id=clip, annotator_id=who, answer=Answer.SKIP, run_id=run),
            )
            for clip, run in ((first, old), (second, None))
        ]
        assert [row.run_id for row in rows if row] == [old, new]


def test_a_suggestion_on_screen_is_stored_with_the_answer(any_project: OpenProject) -> None:
    (clip,) = add_clips(any_project, 1)
    row = answer_leased(any_project, lease(any_project, clip), "sad", suggested="happy")
    assert (row.suggestion_shown, row.circumstances) == (True, {"suggested": "happy"})
    with any_project.read() as session:
        assert suggested_with(session, row) == label_by_name(session, "happy").id
        row.suggestion_shown = False
        assert suggested_with(session, row) is None


def test_a_forgotten_grid_takes_no_blind_answer_back(any_project: OpenProject) -> None:
    blind, hinted = add_clips(any_project, 2)
    grid = {clip: lease(any_project, clip, source=Source.GRID) for clip in (blind, hinted)}
    kept = answer(any_project, blind, "sad", source=Source.RANDOM)
    answer(any_project, hinted, "sad", suggestion_shown=True)
    with any_project.write() as session:
        who = annotator_named(session, "ann").id
        rows = {
            clip: take(
                session,
                GivenAnswer(
                    uuid=str(uuid.uuid4()),
                    clip_id=clip,
                    annotator_id=who,
                    answer=Answer.LABEL,
                    label="happy",
                    lease_id=grid[clip],
                ),
            )
            for clip in (blind, hinted)
        }
        late = rows[hinted]
        assert late is not None
        assert rows[blind] is None
        made = late.uuid
    assert standing(any_project) == [kept, made], "of two answers with a hint the newer one stands"


def test_a_mended_label_of_the_random_slice_still_belongs_to_it(any_project: OpenProject) -> None:
    clip, other = add_clips(any_project, 2)
    answer(any_project, clip, "sad", source=Source.RANDOM)
    answer(any_project, other, "sad", source=Source.UNCERTAIN)
    for _ in range(2):
        answer(any_project, clip, "happy", source=Source.SCRIPTED)
        answer(any_project, other, "happy", source=Source.SCRIPTED)
    with any_project.read() as session:
        assert {row.clip_id: row.queued_as for row in live_decisions(session)} == {clip: Source.RANDOM, other: None}


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


def test_undo_takes_back_only_ones_own_answers(any_project: OpenProject) -> None:
    first, second = add_clips(any_project, 2)
    mine, theirs = answer(any_project, first, annotator="me"), answer(any_project, second, annotator="them")
    with pytest.raises(DecisionError, match="not a standing answer of this annotator"):
        undo(any_project, annotator="me", decision=theirs)
    assert undo(any_project, annotator="me")
    assert standing(any_project) == [theirs] != [mine]


def test_a_uuid_never_stands_for_both_an_answer_and_an_undo(project: OpenProject) -> None:
    clip = add_clips(project, 1)[0]
    sent, undone = answer(project, clip), str(uuid.uuid4())
    with project.write() as session:
        who = annotator_named(session, "ann").id
        with pytest.raises(DecisionError, match="another decision"):
            undo_decision(session, uuid=sent, annotator_id=who)
        undo_decision(session, uuid=undone, annotator_id=who)
        with pytest.raises(DecisionError, match="make a new UUID"):
            take(
                session,
                GivenAnswer(uuid=undone, clip_id=clip, annotator_id=who, answer=Answer.SKIP, source=Source.RANDOM),
            )


def undone_among(project: OpenProject, condition: Any) -> str | None:
    """Take back ann's newest answer of a kind; the UUID of what was taken back."""
    with project.write() as session:
        who = annotator_named(session, "ann").id
        undo = undo_decision(session, uuid=str(uuid.uuid4()), annotator_id=who, among=condition)
        return None if undo is None else session.get_one(Decision, undo.replaces_id).uuid


def test_review_takes_back_only_what_was_given_there_gold_or_not(any_project: OpenProject) -> None:
    labelled, mended, fixed, again = add_clips(any_project, 4)
    answer(any_project, fixed, "sad", annotator="ben")
    own = answer(any_project, mended, "happy", source=Source.REVIEW)
    gold = answer(any_project, fixed, "angry", source=Source.REVIEW, gold=True)
    newest = answer(any_project, labelled, "sad")
    older_version = second_pass_of_an_older_version(any_project, lease(any_project, again))
    assert undone_among(any_project, given_on_review()) == gold
    assert undone_among(any_project, given_on_review()) == own
    assert undone_among(any_project, given_on_review()) is None
    assert standing(any_project)[-2:] == [newest, older_version]


def test_the_app_takes_back_nothing_that_was_imported_or_scripted(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 3)
    given = answer(any_project, clips[0], source=Source.GRID)
    outside = [answer(any_project, clips[1], source=Source.IMPORTED), answer(any_project, clips[2], source=Source.SCRIPTED)]
    assert undone_among(any_project, given_in_app()) == given
    assert undone_among(any_project, given_in_app()) is None
    assert standing(any_project) == outside


def test_the_undo_of_a_second_pass_says_so_whichever_version_wrote_the_answer(any_project: OpenProject) -> None:
    (clip,) = add_clips(any_project, 1)
    second_pass_of_an_older_version(any_project, lease(any_project, clip))
    with any_project.write() as session:
        undo = undo_decision(session, uuid=str(uuid.uuid4()), annotator_id=annotator_named(session, "ann").id)
        assert undo is not None
        assert undo.source == Source.SECOND_PASS
