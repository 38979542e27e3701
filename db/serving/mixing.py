"""How the random share, and the shares that are answered twice or once more, are mixed into the ranked queue.

The shares steer themselves: a slot is random whenever fewer than the set share of all answers and open leases so far were. So the
slice gets its share whatever happens to single clips. Nothing here asks the database: simulations mix in the same way.
"""

from __future__ import annotations

import random as randomness
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from db.models import Source


class Offered(Protocol):
    """A clip that could be served."""

    @property
    def clip_id(self) -> int:
        """Which."""

    @property
    def source(self) -> Source:
        """Why."""


Clip = TypeVar("Clip", bound=Offered)


@dataclass
class Share:
    """How many clips were served so far, in all and of each kind; and the shares that are wanted."""

    random: int
    """Clips of the random slice."""
    total: int
    """All clips."""
    share: float
    """Wanted share of the random slice, 0 to 1."""
    overlap: int = 0
    """Clips that one other annotator had answered."""
    overlap_share: float = 0.0
    relabels: int = 0
    """Clips of the second pass, among the `recent`."""
    recent: int = 0
    """The newest of all clips: the second pass keeps its share among these."""
    relabel_share: float = 0.0
    gold_share: float = 0.0
    """Wanted share of gold checks. Each slot is drawn by itself: at a regular distance, annotators could tell them."""
    draw: Callable[[], float] = randomness.random

    def next_is_gold(self) -> bool:
        """Whether the next slot is a gold check."""
        return self.gold_share > 0 and self.draw() < self.gold_share

    def next_is_random(self) -> bool:
        """Whether the next slot is one of the random slice."""
        return self.random < self.share * (self.total + 1) - 1e-9

    def next_is_overlap(self) -> bool:
        """Whether the next slot is one that somebody else has answered."""
        return self.overlap < self.overlap_share * (self.total + 1) - 1e-9

    def next_is_relabel(self) -> bool:
        """Whether the next slot is one of the second pass."""
        return self.relabels < self.relabel_share * (self.recent + 1) - 1e-9

    def count(self, source: Source) -> None:
        """One more was served."""
        self.total += 1
        self.recent += 1
        self.random += source == Source.RANDOM
        self.overlap += source == Source.OVERLAP
        self.relabels += source == Source.SECOND_PASS


def mixed(
    ranked: Iterator[Clip],
    owed: Iterator[Clip],
    share: Share,
    *,
    limit: int,
    again: Iterator[Clip] | None = None,
    second_pass: Iterator[Clip] | None = None,
    asked: Iterator[Clip] | None = None,
    known: Iterator[Clip] | None = None,
) -> list[Clip]:
    """At most `limit` different clips in serving order; when the queue or the slice runs out, the other goes on alone.

    Args:
        ranked: the queue, best first.
        owed: what the random slice waits for, in key order.
        share: what was served so far; counts on.
        again: what somebody else has answered.
        second_pass: what is to be answered once more.
        asked: what a lead wants to be answered once more. It comes before the queue; the random slice and the overlaps keep
            their shares, which the accuracy and the agreement are measured on.
        known: gold checks. They only stand between other clips: alone at the end, annotators could tell them.
    """
    served: dict[int, Clip] = {}

    def next_other() -> Clip | None:
        clip = _first_new(again, served) if again is not None and share.next_is_overlap() else None
        if clip is None and share.next_is_random():
            clip = _first_new(owed, served)
        if clip is None and asked is not None:
            clip = _first_new(asked, served)
        if clip is None and second_pass is not None and share.next_is_relabel():
            clip = _first_new(second_pass, served)
        return clip or _first_new(ranked, served) or _first_new(owed, served)

    other: Clip | None = None
    while len(served) < limit:
        if other is None or other.clip_id in served:
            other = next_other()
        if other is None:
            break
        gold = _first_new(known, served) if known is not None and share.next_is_gold() else None
        clip, other = (other, None) if gold is None else (gold, other)
        served[clip.clip_id] = clip
        share.count(clip.source)
    return list(served.values())


def _first_new(clips: Iterator[Clip], served: dict[int, Clip]) -> Clip | None:
    return next((clip for clip in clips if clip.clip_id not in served), None)
