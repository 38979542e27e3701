"""Gold checks: clips whose gold label is known are mixed in, and their answers count for their annotator only."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from db.decisions.consensus import consensus_labels
from db.decisions.log import live_decisions
from db.decisions.taking import undo_decision
from db.models import Answer, Decision, Source
from db.project import OpenProject
from db.records.labels import label_by_name
from db.records.people.annotators import annotator_named
from db.serving.leases import LeasedClip, lease_next, release_leases
from db.serving.mixing import Share, mixed
from db.serving.progress import progress_of
from db.serving.random_slice import blind_answers, slice_clip_ids
from db.serving.upcoming import Served
from learner.dataset.label_aggregation import training_labels
from tests.db.serving.test_upcoming import rank
from tests.filled_projects import add_clips, answer, answer_leased


def lease(project: OpenProject, *, annotator: str = "ann", limit: int = 1, share: float = 0.5) -> list[LeasedClip]:
    with project.write() as session:
        who = annotator_named(session, annotator).id
        return lease_next(session, annotator_id=who, limit=limit, random_share=0.2, lease_seconds=60, gold_share=share)


def fixed(project: OpenProject, clip: int, label: str = "angry", *, hinted: bool = False) -> str:
    return answer(project, clip, label, annotator="lead", source=Source.REVIEW, gold=True, suggestion_shown=hinted)


def labels_of(project: OpenProject) -> dict[int, int]:
    with project.read() as session:
        return consensus_labels(live_decisions(session))


def test_the_share_is_kept_on_average_and_no_check_stands_at_a_regular_place() -> None:
    others = (Served(number, "", Source.UNCERTAIN, None, None) for number in range(2000))
    known = (Served(number, "", Source.GOLD_CHECK, None, None) for number in range(5000, 7000))
    share = Share(random=0, total=0, share=0.0, gold_share=0.1, draw=random.Random(3).random)
    served = mixed(others, iter(()), share, limit=2000, known=known)
    places = [place for place, clip in enumerate(served) if clip.source == Source.GOLD_CHECK]
    assert 160 <= len(places) <= 240
    assert len({later - one for one, later in pairwise(places)}) > 15


def test_checks_stand_between_other_clips_and_never_alone(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 4)
    for clip in clips[:2]:
        fixed(any_project, clip)
    rank(any_project, clips[2:])
    served = lease(any_project, limit=10)
    others = {clip.clip_id for clip in served if clip.source != Source.GOLD_CHECK}
    assert others == set(clips[2:])
    assert served[-1].source != Source.GOLD_CHECK
    for each in served:
        answer_leased(any_project, each.lease_id)
    assert [lease(any_project, limit=5) for _ in range(20)] == [[]] * 20, "nothing else is left, so a check would show"


def test_nobody_is_checked_on_a_clip_that_they_ever_answered(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 60)
    rank(any_project, clips[2:])
    answer(any_project, clips[0], "sad", annotator="ann")
    with any_project.write() as session:
        undo_decision(session, uuid="11111111-1111-4111-8111-111111111111", annotator_id=annotator_named(session, "ann").id)
    for clip in clips[:2]:
        fixed(any_project, clip)
    for who, allowed in (("ann", {clips[1]}), ("lead", set()), ("ben", set(clips[:2]))):
        served = lease(any_project, annotator=who, limit=15)
        assert {clip.clip_id for clip in served if clip.source == Source.GOLD_CHECK} == allowed, who
        with any_project.write() as session:
            release_leases(session, annotator_id=annotator_named(session, who).id)


@pytest.mark.parametrize("hinted", [False, True])
def test_an_answer_to_a_check_changes_neither_label_nor_slice_nor_training(any_project: OpenProject, hinted: bool) -> None:
    clips = add_clips(any_project, 3)
    for clip in clips:
        fixed(any_project, clip, hinted=hinted)
    with any_project.read() as session:
        before = live_decisions(session)
        sliced = slice_clip_ids(session, answered=blind_answers(before))
        angry = label_by_name(session, "angry").id
    for who in ("ann", "ben", "cid"):
        answer(any_project, clips[0], "sad", annotator=who, source=Source.GOLD_CHECK)
    with any_project.read() as session:
        live = live_decisions(session)
        assert slice_clip_ids(session, answered=blind_answers(live)) == sliced
        assert consensus_labels(live) == consensus_labels(before) == training_labels(live) == dict.fromkeys(clips, angry)
        assert consensus_labels([one for one in live if one.blind]).get(clips[0]) == (None if hinted else angry)
        assert {one.source for one in live if one.clip_id == clips[0]} == {Source.REVIEW, Source.GOLD_CHECK}


def test_it_stays_a_check_when_the_annotator_gives_it_anew(any_project: OpenProject) -> None:
    (clip,) = add_clips(any_project, 1)
    fixed(any_project, clip)
    answer(any_project, clip, "sad", source=Source.GOLD_CHECK)
    answer(any_project, clip, "happy", source=Source.REVIEW)
    with any_project.read() as session:
        newest = session.query(Decision).order_by(Decision.id.desc()).first()
        assert newest is not None
        assert (newest.source, newest.queued_as, newest.answer) == (Source.REVIEW, Source.GOLD_CHECK, Answer.LABEL)
    with any_project.write() as session:
        undo_decision(session, uuid="11111111-1111-4111-8111-111111111112", annotator_id=annotator_named(session, "lead").id)
    assert labels_of(any_project) == {}, "without the gold label, the check says nothing of the clip"


def test_answering_a_check_moves_the_counts_as_any_answer_does(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 30)
    rank(any_project, clips[3:])
    for clip in clips[:3]:
        fixed(any_project, clip)
    served = lease(any_project, limit=8)
    assert len({clip.source == Source.GOLD_CHECK for clip in served}) == 2
    with any_project.write() as session:
        who = annotator_named(session, "ann").id

    def counts() -> tuple[int, int, int]:
        with any_project.read() as session:
            now = progress_of(session, annotator_id=who, gold_checks=True)
            return now.saved, now.done, now.total

    assert counts() == (0, 0, 30)
    for number, each in enumerate(served, start=1):
        row = answer_leased(any_project, each.lease_id)
        assert counts() == (number, number, 30)
        with any_project.write() as session:
            undo_decision(session, uuid=f"11111111-1111-4111-8111-1111111111{number:02d}", annotator_id=who)
        assert counts() == (number - 1, number - 1, 30)
        answer(any_project, row.clip_id, "angry", source=row.source)
    with any_project.read() as session:
        assert progress_of(session, annotator_id=who).done == 3 + sum(clip.source != Source.GOLD_CHECK for clip in served)
