"""Who may make files at a time: one job a file, and a lane for each kind of job.

A request that wants a file which is being made waits for that job and takes no place. Jobs that take seconds have a lane of their
own, so that they never stand in front of a short clip's audio.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from enum import Enum
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from labeler.app.media.playable import LONG_SECONDS

Made = TypeVar("Made")


class Lane(Enum):
    """A kind of job; its value is how many of them run at a time. Each takes a processor, and answers need one too."""

    AUDIO = (3, "audio")
    PICTURE = (2, "picture")
    LONG_AUDIO = (1, "long audio")
    LONG_PICTURE = (1, "long picture")

    @staticmethod
    def of(seconds: float, *, picture: bool) -> Lane:
        """The lane for a clip of this length; those beyond `LONG_SECONDS` take seconds to decode."""
        if picture:
            return Lane.LONG_PICTURE if seconds > LONG_SECONDS else Lane.PICTURE
        return Lane.LONG_AUDIO if seconds > LONG_SECONDS else Lane.AUDIO


class Jobs:
    """The jobs of one event loop."""

    def __init__(self) -> None:
        self._places = {lane: anyio.CapacityLimiter(lane.value[0]) for lane in Lane}
        self._ahead = anyio.CapacityLimiter(1)
        self._under_way: dict[Hashable, asyncio.Task[Any]] = {}
        self._waiting: set[asyncio.Task[None]] = set()

    async def made(self, key: Hashable, work: Callable[[], Made], lane: Lane) -> Made:
        """What `work` returns or raises, run in a thread; callers that name the same key at the same time share one run."""
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(self._run(work, lane))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._finished(key, done))
        # Whoever hangs up must not take the file from the others who wait for it.
        made: Made = await asyncio.shield(task)
        return made

    def ahead(self, work: Callable[[], Any]) -> None:
        """Start a coroutine function of a file that will be needed soon; one at a time, in the order given."""

        async def in_turn() -> None:
            async with self._ahead:
                await work()

        task = asyncio.create_task(in_turn())
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _run(self, work: Callable[[], Made], lane: Lane) -> Made:
        return await anyio.to_thread.run_sync(work, limiter=self._places[lane])

    def _finished(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        self._under_way.pop(key, None)
        if not task.cancelled():
            # All who waited may have hung up; asyncio would complain of an error that nobody has seen.
            task.exception()
