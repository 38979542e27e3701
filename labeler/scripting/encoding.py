"""Who encodes audio for a script: this process, or the workers at the place that `on` names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from learner.engine.spread import Spread
    from learner.engine.workers import Workers
    from learner.features.embed import Encode


@contextmanager
def clips_encoded(on: str | None) -> Iterator[Encode | None]:
    """What `learner.features.embed.embed` takes as `encode`; None where no place is named.

    Raises:
        EngineError: the workers cannot be reached or used.
    """
    with _workers(on) as workers:
        if workers is None:
            yield None
            return
        from learner.features.on_workers import encode_on

        yield encode_on(workers)


@contextmanager
def files_encoded(on: str | None) -> Iterator[Spread | None]:
    """What predictions take as `spread`, otherwise as `clips_encoded`."""
    with _workers(on) as workers:
        if workers is None:
            yield None
            return
        from learner.engine.spread import spread_over

        yield spread_over(workers)


@contextmanager
def _workers(on: str | None) -> Iterator[Workers | None]:
    if on is None:
        yield None
        return
    from learner.engine.workers import workers_on

    with workers_on(on) as workers:
        yield workers
