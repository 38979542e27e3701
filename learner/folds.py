"""Folds of whole speakers, so that no speaker is ever tested by a head that heard them.

A speaker's fold never changes: speakers are dealt in the order of their first clip, each to the fold that has fewest. New clips
and new speakers only ever append to that order, and so what was trained for the old folds stays of use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learner.by_clip import ByClip

MOST_FOLDS = 10


@dataclass(frozen=True)
class Folds:
    """Fold and group of every clip, by clip id; a group is a speaker, or a single clip where no speaker is known."""

    fold_of: ByClip[int]
    group_of: ByClip[int]
    grouped: bool
    """False when folds had to cut through speakers, or none are known: the accuracy is then not one for new speakers."""
    count: int

    def folds(self, clip_ids: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
        """Folds of these clips."""
        return self.fold_of.of_clips(clip_ids).astype(np.int64)

    def groups(self, clip_ids: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
        """Groups of these clips."""
        return self.group_of.of_clips(clip_ids).astype(np.int64)


def folds_of(speakers: ByClip[str | None]) -> Folds:
    """Folds for clips of these speakers, dealt in the order of the clips' ids.

    With a single speaker, folds are made of single clips; `grouped` says so.
    """
    names = speakers.array.tolist()
    single = len(set(names)) < 2
    dealer = _Dealer()
    known: dict[str, tuple[int, int]] = {}
    fold_of, group_of = np.empty(len(names), dtype=np.int8), np.empty(len(names), dtype=np.int32)
    for place, speaker in enumerate(names):
        if single or speaker is None:
            dealt = dealer.deal(f"clip {speakers.clip_ids[place]}")
        elif speaker in known:
            dealt = known[speaker]
        else:
            dealt = known[speaker] = dealer.deal(f"speaker {speaker}")
        group_of[place], fold_of[place] = dealt
    return Folds(
        fold_of=ByClip(speakers.clip_ids, fold_of),
        group_of=ByClip(speakers.clip_ids, group_of),
        grouped=not single,
        count=min(dealer.groups, MOST_FOLDS),
    )


class _Dealer:
    """Round by round, each round in an order shuffled by hash: neighbours in a manifest are not neighbours in the folds."""

    def __init__(self) -> None:
        self.groups = 0
        self._taken: set[int] = set()

    def deal(self, group: str) -> tuple[int, int]:
        """Number and fold of one more group."""
        if len(self._taken) == MOST_FOLDS:
            self._taken.clear()
        fold = self.groups if self.groups < MOST_FOLDS else _start(group)
        while fold in self._taken:
            fold = (fold + 1) % MOST_FOLDS
        self._taken.add(fold)
        self.groups += 1
        return self.groups - 1, fold


def _start(group: str) -> int:
    return int.from_bytes(hashlib.blake2b(group.encode("utf-8", "surrogatepass"), digest_size=8).digest()) % MOST_FOLDS
