"""Clips shown in a grid: who may see which, what their answers count for, and what they do not."""

from __future__ import annotations

import time

from db.decisions.log import live_decisions
from db.models import Answer, Lease, Source
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from db.serving.grid import GridLease, free_clips, lease_for_grid
from db.serving.leases import lease_next, release_leases
from db.serving.random_slice import blind_answers, slice_clip_ids
from db.serving.upcoming import upcoming
from learner.label_quality.crowdlab import opinions
from tests.db.serving.test_upcoming import rank
from tests.filled_projects import add_clips, answer
from tests.owed_clips import owed_clips


def shown(
    project: OpenProject, clips: list[int], *, annotator: str = "ann", limit: int = 5, seconds: float = 60
) -> list[GridLease]:
    with project.write() as session:
        who = annotator_named(session, annotator).id
        return lease_for_grid(session, annotator_id=who, clips=clips, limit=limit, lease_seconds=seconds)


def ids(leases: list[GridLease]) -> list[int]:
    return [lease.clip_id for lease in leases]


def test_a_grid_shows_the_first_of_a_ranking_that_nobody_has_answered(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 12)
    answer(any_project, clips[0])
    answer(any_project, clips[1], kind=Answer.UNSURE)
    with any_project.read() as session:
        free = free_clips(session, ranked=iter(clips), limit=4, leave_out=[clips[3]])
    assert free == [clips[2], *clips[4:7]]


def test_a_ranking_is_drawn_only_as_far_as_needed(project: OpenProject) -> None:
    clips = add_clips(project, 3)
    ranked = iter([*clips, *range(10_000, 20_000)])
    with project.read() as session:
        assert free_clips(session, ranked=ranked, limit=2) == clips[:2]
    assert next(ranked) < 11_000


def test_what_is_on_one_grid_is_nobody_elses(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 12)
    rank(any_project, clips)
    mine = shown(any_project, clips, limit=5)
    assert ids(mine) == clips[:5]
    assert ids(shown(any_project, clips, annotator="ben", limit=5)) == clips[5:10]
    with any_project.write() as session:
        who = annotator_named(session, "cleo").id
        served = lease_next(session, annotator_id=who, limit=12, random_share=0.2, lease_seconds=60)
    assert {clip.clip_id for clip in served} == set(clips[10:])


def test_a_grid_asked_for_again_keeps_its_leases_and_renews_them(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 6)
    first = shown(any_project, clips, limit=4, seconds=10)
    assert shown(any_project, clips, limit=4, seconds=1000) == first
    with any_project.read() as session:
        assert session.get_one(Lease, first[0].lease_id).expires_at > time.time() + 900


def test_a_clip_that_the_annotator_has_in_the_player_is_not_on_the_grid_too(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 6)
    with any_project.write() as session:
        who = annotator_named(session, "ann").id
        (held,) = lease_next(session, annotator_id=who, limit=1, random_share=0.2, lease_seconds=60)
    assert held.clip_id not in ids(shown(any_project, clips, limit=6))


def test_leaving_the_grid_hands_its_clips_back(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 4)
    mine = shown(any_project, clips, limit=4)
    with any_project.write() as session:
        who = annotator_named(session, "ann").id
        release_leases(session, annotator_id=who, lease_ids=[lease.lease_id for lease in mine])
    assert ids(shown(any_project, clips, annotator="ben", limit=4)) == clips


def test_a_clip_labelled_in_the_grid_stays_owed_until_it_is_answered_blind(any_project: OpenProject) -> None:
    add_clips(any_project, 6)
    with any_project.read() as session:
        owed = owed_clips(session, 6)
    answer(any_project, owed[0], "happy", source=Source.GRID)
    answer(any_project, owed[1], "happy")
    with any_project.read() as session:
        assert owed_clips(session, 1) == owed[:1]
        assert slice_clip_ids(session, answered=blind_answers(live_decisions(session))) == []
        first = next(clip for clip in upcoming(session, limit=2, random_share=0.5) if clip.source == Source.RANDOM)
    assert first.clip_id == owed[0]
    answer(any_project, owed[0], "sad", source=Source.RANDOM)
    with any_project.read() as session:
        assert slice_clip_ids(session, answered=blind_answers(live_decisions(session))) == owed[:2]


def test_a_grid_answer_takes_its_clip_out_of_the_ranked_queue(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 8)
    rank(any_project, clips)
    with any_project.read() as session:
        owed = owed_clips(session, 8)
    late = owed[-1]
    answer(any_project, late, "happy", source=Source.GRID)
    with any_project.read() as session:
        served = upcoming(session, limit=4, random_share=0.2)
    assert late not in {clip.clip_id for clip in served}


def test_a_gridful_is_not_made_up_for_by_a_row_of_random_clips(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 80)
    rank(any_project, clips[40:])
    for clip in clips[:30]:
        answer(any_project, clip, "happy", source=Source.GRID)
    shown(any_project, clips[30:38], limit=8)
    with any_project.read() as session:
        served = upcoming(session, limit=10, random_share=0.2)
    assert [clip.source for clip in served].count(Source.RANDOM) == 2


def test_an_answer_from_the_grid_says_nothing_of_agreement(any_project: OpenProject) -> None:
    (clip,) = add_clips(any_project, 1)
    answer(any_project, clip, "happy", source=Source.GRID)
    answer(any_project, clip, "happy", annotator="ben", source=Source.RANDOM)
    with any_project.read() as session:
        live = live_decisions(session)
        ben = annotator_named(session, "ben").id
        assert upcoming(session, limit=5, random_share=0.2, annotator_id=ben, overlap_share=0.5) == []
    assert opinions(live, [decision.label_id for decision in live[:1] if decision.label_id]).labels.shape == (1, 1)
