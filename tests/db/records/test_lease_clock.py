"""Leases end by a clock that goes steadily forward: when the computer's clock is set, none ends early and none hangs."""

from __future__ import annotations

import re
import time
from collections.abc import Collection
from pathlib import Path

import pytest

from db.project import OpenProject
from db.records import lease_clock
from db.records.lease_clock import LeaseClock
from db.records.people.annotators import annotator_named
from db.serving.grid import lease_for_grid
from db.serving.leases import lease_next, renew_leases
from tests.filled_projects import add_clips, answer

HOUR = 3600.0
LEASE = 900.0


class Computer:
    """A computer whose clock can be set. Its steady clock only counts the seconds that pass."""

    def __init__(self) -> None:
        self.wall = 1_800_000_000.0
        self.steady = 5000.0

    def wait(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds

    def start_process(self) -> LeaseClock:
        return LeaseClock(wall=lambda: self.wall, steady=lambda: self.steady)


@pytest.fixture
def computer(monkeypatch: pytest.MonkeyPatch) -> Computer:
    """The computer that the app runs on; `restart` starts the app's process anew."""
    made = Computer()
    monkeypatch.setattr(time, "time", lambda: made.wall)
    restart(made, monkeypatch)
    return made


def restart(computer: Computer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a new process does first."""
    clock = computer.start_process()
    for module in ("db.serving.leases", "db.serving.grid", "db.serving.upcoming"):
        monkeypatch.setattr(f"{module}.lease_time", clock)


def served(project: OpenProject, name: str, *, limit: int = 9, renewed: Collection[int] = ()) -> dict[int, int]:
    """Lease by clip of what an annotator is handed."""
    with project.write() as session:
        who = annotator_named(session, name).id
        renew_leases(session, annotator_id=who, lease_ids=renewed, lease_seconds=LEASE)
        leased = lease_next(session, annotator_id=who, limit=limit, random_share=0.2, lease_seconds=LEASE)
        return {clip.clip_id: clip.lease_id for clip in leased}


def test_it_counts_what_passes_and_ignores_what_is_set() -> None:
    computer = Computer()
    clock = computer.start_process()
    assert clock() == computer.wall
    begin = clock()
    for step in (-HOUR, HOUR, 3 * HOUR):
        computer.wall += step
        computer.wait(10)
    assert clock() == begin + 30


def test_it_does_not_go_back_even_where_the_steady_clock_does() -> None:
    computer = Computer()
    clock = computer.start_process()
    begin = clock()
    computer.steady -= HOUR
    assert clock() == begin


def test_nobody_judges_leases_by_the_wall_clock() -> None:
    sources = [path.read_text(encoding="utf-8") for path in Path(lease_clock.__file__).parents[1].rglob("*.py")]
    assert [text for text in sources if re.search(r"(is_open|not_leased|_free)\([^()]*time\.time\(\)", text)] == []


def test_the_real_clock_agrees_with_the_wall() -> None:
    assert lease_clock.lease_time() == pytest.approx(time.time(), abs=5)


@pytest.mark.parametrize("step", [-HOUR, -2.0, HOUR])
def test_a_step_of_the_wall_clock_neither_frees_nor_hangs_a_lease(
    any_project: OpenProject, computer: Computer, step: float
) -> None:
    add_clips(any_project, 3)
    held = served(any_project, "ann", limit=2)
    computer.wall += step
    computer.wait(LEASE - 1)
    assert not set(held) & set(served(any_project, "ben")), "the leases are open"
    computer.wait(2)
    assert set(held) == set(served(any_project, "cleo")), "the leases have ended"


def test_after_a_step_a_lease_that_is_held_is_renewed(any_project: OpenProject, computer: Computer) -> None:
    add_clips(any_project, 1)
    held = served(any_project, "ann")
    for step in (HOUR, -2 * HOUR):
        computer.wall += step
        computer.wait(LEASE - 1)
        served(any_project, "ann", renewed=held.values())
    assert served(any_project, "ben") == {}


@pytest.mark.parametrize("grid", [False, True])
def test_a_step_back_before_a_restart_hangs_no_lease_for_longer_than_a_lease_lasts(
    any_project: OpenProject, computer: Computer, monkeypatch: pytest.MonkeyPatch, grid: bool
) -> None:
    clips = add_clips(any_project, 2)
    held = served(any_project, "ann", limit=1)
    computer.wall -= HOUR
    restart(computer, monkeypatch)
    if grid:
        with any_project.write() as session:
            ben = annotator_named(session, "ben").id
            leased = lease_for_grid(session, annotator_id=ben, clips=clips, limit=2, lease_seconds=LEASE)
        assert not set(held) & {lease.clip_id for lease in leased}
    else:
        assert not set(held) & set(served(any_project, "ben"))
    computer.wait(LEASE + 1)
    assert set(held) <= set(served(any_project, "cleo"))


def test_a_clip_that_was_just_answered_is_remembered_by_the_wall_clock(any_project: OpenProject, computer: Computer) -> None:
    """The process started while the computer's clock was wrong by years, as at the start of one without a battery."""
    clips = add_clips(any_project, 2)
    computer.wall += 20 * 365 * 24 * HOUR
    for clip in clips:
        answer(any_project, clip, annotator="ann")
    computer.wall += 13 * HOUR
    computer.wait(1)
    with any_project.write() as session:
        ann = annotator_named(session, "ann").id
        again = lease_next(session, annotator_id=ann, limit=2, random_share=0.2, lease_seconds=LEASE, relabel_share=1.0)
    assert {clip.clip_id for clip in again} == set(clips)
