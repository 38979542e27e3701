"""One result for each file, in order, whoever computes: this process, or workers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

from db.errors import EngineError
from learner.audio.reader import AudioMissing, shown
from learner.encoders.base import Encoder
from learner.engine.worker import asked
from learner.engine.workers import Workers

MOST_FILES = 64
"""Of a shard, which is what a worker that dies costs at most."""
_SHARDS_EACH = 8
"""For each worker at least, where there are enough files: the last ones then end at about the same time."""


class OfFile(Protocol):
    """A file, or a part of one."""

    @property
    def path(self) -> str: ...


Item = TypeVar("Item", bound=OfFile)
Result = TypeVar("Result")


class Spread(Protocol):
    """Gives the result of each item, in order."""

    def __call__(
        self,
        work: Callable[[Encoder, Sequence[Item]], list[Result]],
        encoder: Encoder,
        items: Sequence[Item],
        *,
        build: Callable[[], Encoder] | None = None,
    ) -> Iterator[Result]:
        """With `build` as `learner.engine.worker.asked` takes it."""


def in_this_process(
    work: Callable[[Encoder, Sequence[Item]], list[Result]],
    encoder: Encoder,
    items: Sequence[Item],
    *,
    build: Callable[[], Encoder] | None = None,
) -> Iterator[Result]:
    """A `Spread` that asks nobody else, and has no need to build the encoder anew."""
    for item in items:
        yield from work(encoder, [item])


def spread_over(workers: Workers) -> Spread:
    """A `Spread` over workers."""
    return partial(_spread, workers)


def _spread(
    workers: Workers,
    work: Callable[[Encoder, Sequence[Item]], list[Result]],
    encoder: Encoder,
    items: Sequence[Item],
    *,
    build: Callable[[], Encoder] | None = None,
) -> Iterator[Result]:
    size = min(max(len(items) // (_SHARDS_EACH * workers.count), 1), MOST_FILES)
    shards = ((first, items[first : first + size]) for first in range(0, len(items), size))
    early: dict[int, list[Result]] = {}
    due = 0
    numbered = partial(_numbered, work)
    for (first, shard), done in workers.each(numbered, asked(encoder, build=build), shards, first_of=_first):
        for item, result in zip(shard, done.result, strict=True):
            refuse_unshared(item.path, result, host=done.host)
        early[first] = done.result
        while (ready := early.pop(due, None)) is not None:
            yield from ready
            due += size


def _numbered(
    work: Callable[[Encoder, Sequence[Item]], list[Result]], encoder: Encoder, shard: tuple[int, Sequence[Item]]
) -> list[Result]:
    return work(encoder, shard[1])


def _first(shard: tuple[int, Sequence[OfFile]]) -> str:
    return shown(shard[1][0].path)


def refuse_unshared(path: str, result: object, *, host: str) -> None:
    """A file that is here and not where the worker looked is no fault of the file.

    Raises:
        EngineError: there is one; the message names it.
    """
    if isinstance(result, AudioMissing) and os.access(path, os.R_OK):
        raise EngineError(
            f"The worker on {host} cannot read {shown(path)}, which this machine can; put the audio into a folder that all "
            "machines have at the same path."
        )
