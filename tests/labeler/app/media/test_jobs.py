"""One job a file, and no long job in front of a short one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import pytest

from labeler.app.media.jobs import Jobs, Lane

Made = TypeVar("Made")


def run(ask: Callable[[], Coroutine[Any, Any, Made]]) -> Made:
    """What it returns, run in a thread of its own: a browser test of the same process may have a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(ask())).result()


def test_many_who_want_one_file_share_one_job() -> None:
    runs: list[int] = []
    go_on = threading.Event()

    def make() -> str:
        runs.append(1)
        assert go_on.wait(10)
        return "picture"

    async def ask() -> list[str]:
        jobs = Jobs()
        waiting = [asyncio.create_task(jobs.made("a", make, Lane.LONG_PICTURE)) for _ in range(20)]
        await asyncio.sleep(0)
        go_on.set()
        return await asyncio.gather(*waiting)

    assert run(ask) == ["picture"] * 20
    assert len(runs) == 1


@pytest.mark.parametrize("lane", [Lane.PICTURE, Lane.LONG_PICTURE, Lane.LONG_AUDIO])
def test_audio_never_waits_for_other_jobs_however_many_there_are(lane: Lane) -> None:
    """Four requests for the picture of a 17-h clip once kept everybody's audio waiting for 13 s."""
    go_on = threading.Event()

    async def ask() -> str:
        jobs = Jobs()
        others = [asyncio.create_task(jobs.made(number, lambda: go_on.wait(10), lane)) for number in range(10)]
        others += [asyncio.create_task(jobs.made(0, lambda: go_on.wait(10), lane)) for _ in range(10)]
        await asyncio.sleep(0)
        try:
            return await asyncio.wait_for(jobs.made("audio", lambda: "audio", Lane.AUDIO), 5)
        finally:
            go_on.set()
            await asyncio.gather(*others)

    assert run(ask) == "audio"


def test_who_hangs_up_takes_the_file_from_nobody() -> None:
    go_on = threading.Event()

    async def ask() -> bool:
        jobs = Jobs()
        first, second = (asyncio.create_task(jobs.made("a", lambda: go_on.wait(10), Lane.AUDIO)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        go_on.set()
        return await second

    assert run(ask) is True


def test_a_failure_reaches_all_who_wait_and_the_next_one_tries_again() -> None:
    def fail() -> str:
        raise OSError(28, "No space left on device")

    async def ask() -> tuple[list[object], str]:
        jobs = Jobs()
        failed = await asyncio.gather(*(jobs.made("a", fail, Lane.AUDIO) for _ in range(3)), return_exceptions=True)
        return list(failed), await jobs.made("a", lambda: "made", Lane.AUDIO)

    failed, made = run(ask)
    assert [type(each) for each in failed] == [OSError] * 3
    assert made == "made"


def test_what_is_made_ahead_is_made_in_order_and_gives_way_to_whoever_asks() -> None:
    order: list[str] = []
    go_on, all_made = threading.Event(), threading.Event()

    def make(name: str) -> str:
        if name == "first":
            assert go_on.wait(10)
        order.append(name)
        if name == "second":
            all_made.set()
        return name

    async def ask() -> None:
        jobs = Jobs()
        for name in ("first", "second", "third"):
            jobs.ahead(partial(jobs.made, name, partial(make, name), Lane.AUDIO))
        await asyncio.sleep(0)
        assert await jobs.made("third", lambda: make("third"), Lane.AUDIO) == "third"
        go_on.set()
        assert await asyncio.to_thread(all_made.wait, 10)

    run(ask)
    assert order[:3] == ["third", "first", "second"]


def test_clips_over_ten_minutes_have_lanes_of_their_own() -> None:
    assert [Lane.of(seconds, picture=False) for seconds in (600.0, 601.0)] == [Lane.AUDIO, Lane.LONG_AUDIO]
    assert [Lane.of(seconds, picture=True) for seconds in (600.0, 601.0)] == [Lane.PICTURE, Lane.LONG_PICTURE]
