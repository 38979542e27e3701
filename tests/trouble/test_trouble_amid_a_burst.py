"""The disk, the clock, the database and the project's folder fail while somebody labels fast: no acknowledged answer is lost or
doubled, and what was not acknowledged is saved afterwards.

One `earmark serve` lives through all of it. In `make test` each trouble lasts seconds, in `make soak` as long as it is meant to.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from db.models import Annotator, Decision, Lease
from db.project import DATABASE_FILE
from tests.supervised_processes import post
from tests.trouble.burst import labelled
from tests.trouble.clock import Clock
from tests.trouble.served import IN_SOAK, Served, label_of
from tests.trouble.small_disk import fill, mounted

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]

CLIPS = 3000 if IN_SOAK else 1000
HOUR = 3600.0


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small disk where one can be made, an ordinary folder elsewhere."""
    folder = tmp_path_factory.mktemp("trouble") / "disk"
    with mounted(folder, megabytes=64):
        yield folder


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    """The clock of the served processes; it is right at first."""
    return Clock(tmp_path_factory.mktemp("clock") / "step")


@pytest.fixture(scope="module")
def served(disk: Path, clock: Clock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A project on the small disk, whose processes read the stepped clock."""
    project = Served(disk / "project", clips=CLIPS, log=tmp_path_factory.mktemp("log") / "log.txt")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in clock.environment.items():
            patch.setenv(name, value)
        try:
            project.start()
            yield project
        finally:
            project.stop()


def test_the_disk_fills_up(served: Served, disk: Path) -> None:
    if not os.path.ismount(disk):
        pytest.skip("a disk can be made by root only")
    with served.burst("disk") as burst:
        with closing(sqlite3.connect(served.directory / DATABASE_FILE)) as database:
            # What the log beside the database has taken before, it would fill first.
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        filler = fill(disk)
        burst.fails(503)
        burst.stays(30 if IN_SOAK else 1)
        filler.unlink()
        burst.goes_on()


def test_the_clock_is_set_by_an_hour_and_back(served: Served, clock: Clock) -> None:
    other = served.session_of("waiting")
    held = post(served.port, "/earmark/api/next", {"session": other, "want": 3})["clips"]
    with served.burst("clock") as burst:
        for seconds in (HOUR, -HOUR, 0.0):
            clock.step(seconds)
            burst.goes_on(300 if IN_SOAK else 20)
            served.learner_catches_up()
    messages = [labelled(clip, label_of(clip["file_name"])) for clip in held]
    results = post(served.port, "/earmark/api/decisions", {"answers": messages})["results"]
    assert [result["status"] for result in results] == ["saved"] * 3
    served.acknowledged |= {
        message["uuid"]: (clip["file_name"], message["label"]) for message, clip in zip(messages, held, strict=True)
    }
    served.check()
    with served.opened() as project, project.read() as session:
        theirs = select(Decision.created_at).join(Annotator).where(Annotator.name == "clock")
        hours = {round((created_at - time.time()) / HOUR) for created_at in session.scalars(theirs)}
        assert hours == {-1, 0, 1}, "the clock of the app was set"
        # By the clock that was set, they would end an hour early or late, and `held` would have gone to somebody else.
        longest = max(session.scalars(select(Lease.expires_at))) - time.time()
        assert longest < project.settings.lease_seconds + 1
    given = [file_name for file_name, _ in served.acknowledged.values()]
    assert len(given) == len(set(given)), "what one had on lease went to nobody else"


def test_another_program_locks_the_database(served: Served) -> None:
    with served.burst("lock") as burst, closing(sqlite3.connect(served.directory / DATABASE_FILE, isolation_level=None)) as other:
        other.execute("PRAGMA busy_timeout=30000")
        other.execute("BEGIN EXCLUSIVE")
        if IN_SOAK:
            # A request waits for 30 s, then the page is to send it again.
            burst.fails(503)
            burst.stays(5)
        else:
            burst.stays(2)
        other.execute("ROLLBACK")
        burst.goes_on()


@pytest.mark.parametrize("served_anew", [False, True] if IN_SOAK else [False])
def test_the_project_is_moved(served: Served, *, served_anew: bool) -> None:
    """Back to its place after a while, or to a new place, where it is served again."""
    with served.burst(f"served anew: {served_anew}") as burst:
        here = served.directory
        moved = here.rename(here.with_name("moved"))
        burst.fails(503)
        saved = len(burst.acknowledged)
        burst.stays(30 if IN_SOAK else 0.5)
        assert len(burst.acknowledged) == saved, "nothing is acknowledged meanwhile"
        if served_anew:
            served.directory = moved
            served.stop()
            served.start()
            burst.port = served.port
        else:
            moved.rename(here)
        burst.goes_on()
