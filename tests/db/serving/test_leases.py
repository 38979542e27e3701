"""How many clips one annotator can hold, whatever their pages ask for."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from db.models import Lease
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from db.serving.grid import lease_for_grid
from db.serving.leases import MOST_HELD, LeasedClip, lease_next, renew_leases
from tests.filled_projects import add_clips


def lease(project: OpenProject, *, annotator: str = "ann", limit: int = 20, seconds: float = 60) -> list[LeasedClip]:
    with project.write() as session:
        who = annotator_named(session, annotator).id
        return lease_next(session, annotator_id=who, limit=limit, random_share=0.2, lease_seconds=seconds)


def show(project: OpenProject, clips: Sequence[int], *, annotator: str = "ann", limit: int = 48) -> list[int]:
    with project.write() as session:
        who = annotator_named(session, annotator).id
        leased = lease_for_grid(session, annotator_id=who, clips=clips, limit=limit, lease_seconds=60)
        return [lease.clip_id for lease in leased]


def open_leases(project: OpenProject, annotator: str = "ann") -> dict[int, int]:
    """The clips in the annotator's hands by their leases, oldest first."""
    with project.read() as session:
        who = annotator_named(session, annotator).id
        mine = select(Lease).where(Lease.annotator_id == who, Lease.released_at.is_(None)).order_by(Lease.id)
        return {lease.id: lease.clip_id for lease in session.scalars(mine)}


def held(project: OpenProject, annotator: str = "ann") -> list[int]:
    return list(open_leases(project, annotator).values())


def test_one_person_cannot_take_every_clip(any_project: OpenProject) -> None:
    add_clips(any_project, 300)
    for _ in range(20):
        lease(any_project)
        assert len(held(any_project)) <= MOST_HELD
    with any_project.write() as session:
        annotator_named(session, "ben")
    assert len(lease(any_project, annotator="ben")) == 20


def test_a_page_that_asks_again_gets_new_clips_and_gives_its_oldest_back(any_project: OpenProject) -> None:
    add_clips(any_project, 100)
    first = [clip.clip_id for clip in lease(any_project)]
    later = [clip.clip_id for _ in range(3) for clip in lease(any_project)]
    assert len(later) == 60
    assert held(any_project) == [*first[-(MOST_HELD - 60) :], *later]


def test_what_a_page_still_holds_stays_and_what_was_left_lying_goes(any_project: OpenProject) -> None:
    add_clips(any_project, 200)
    alive, left = lease(any_project, limit=6), lease(any_project, limit=20)
    lease(any_project, limit=20)
    with any_project.write() as session:
        who = annotator_named(session, "ann").id
        renew_leases(session, annotator_id=who, lease_ids=[clip.lease_id for clip in alive], lease_seconds=120)
    lease(any_project, limit=20)
    lease(any_project, limit=18)
    assert {clip.lease_id for clip in alive} <= set(open_leases(any_project))
    assert not {clip.lease_id for clip in left} & set(open_leases(any_project))


def test_the_bound_holds_for_the_grid_and_the_player_together(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 300)
    for start in range(0, 240, 40):
        show(any_project, clips[start : start + 48])
        lease(any_project)
        assert len(held(any_project)) <= MOST_HELD


def test_a_grid_asked_for_again_loses_none_of_its_clips(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 200)
    first = show(any_project, clips, limit=40)
    lease(any_project, limit=20)
    assert show(any_project, clips, limit=48)[:40] == first
    assert set(first) <= set(held(any_project))
    assert len(held(any_project)) == MOST_HELD


def test_others_keep_what_they_hold(any_project: OpenProject) -> None:
    add_clips(any_project, 200)
    theirs = [clip.clip_id for clip in lease(any_project, annotator="ben", limit=5)]
    for _ in range(5):
        lease(any_project)
    assert held(any_project, "ben") == theirs
