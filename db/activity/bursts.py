"""What one person did without a long pause, as one thing: forty answers in a row are one line of a list."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass
class Burst(Generic[Key]):
    """Things of one kind, with no longer pause between two of them; times are seconds since 1970."""

    key: Key
    since: float
    until: float
    first: int
    last: int
    """Ids of the first and the last."""
    count: int = field(default=1)


def bursts(things: Iterable[tuple[Key, int, float]], *, pause: float) -> list[Burst[Key]]:
    """The bursts of each key, in the order in which they begin.

    Args:
        things: key, id and time of each, by id.
        pause: seconds without anything after which another burst begins.
    """
    found: list[Burst[Key]] = []
    newest: dict[Key, Burst[Key]] = {}
    for key, number, at in things:
        burst = newest.get(key)
        if burst is None or at - burst.until > pause:
            newest[key] = Burst(key, at, at, number, number)
            found.append(newest[key])
        else:
            burst.until, burst.last, burst.count = max(at, burst.until), number, burst.count + 1
    return found
