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
    """Fold and group of every clip, by clip id; a group is a speaker, or a file (or a clip) where no speaker is known."""

    fold_of: ByClip[int]
    group_of: ByClip[int]
    grouped: bool
    """False when folds had to cut through speakers, or of most clips none is known: the accuracy is not one for new speakers."""
    count: int

    def folds(self, clip_ids: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
        """Folds of these clips."""
        return self.fold_of.of_clips(clip_ids).astype(np.int64)

    def groups(self, clip_ids: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
        """Groups of these clips."""
        return self.group_of.of_clips(clip_ids).astype(np.int64)


def folds_of(speakers: ByClip[str | None], files: ByClip[int] | None = None) -> Folds:
    """Folds for clips of these speakers, dealt in the order of the clips' ids.

    With a single speaker (or file), folds are made of single clips; `grouped` says so.

    Args:
        files: which file each clip is of; clips of one recording, whose speaker is not told, are kept together.
    """
    names = speakers.array.tolist()
    apart, several = _apart(speakers, files)
    unknown = np.array([speaker is None for speaker in names], dtype=np.bool_)
    single = len({*names} - {None}) + len(np.unique(apart[unknown])) < 2
    dealer = _Dealer()
    known: dict[str, tuple[int, int]] = {}
    fold_of, group_of = np.empty(len(names), dtype=np.int8), np.empty(len(names), dtype=np.int32)
    for place, speaker in enumerate(names):
        group = f"speaker {speaker}" if speaker is not None else f"{'clip' if files is None else 'file'} {apart[place]}"
        if single:
            dealt = dealer.deal(f"clip {speakers.clip_ids[place]}")
        elif group in known:
            dealt = known[group]
        else:
            dealt = dealer.deal(group)
            if speaker is not None or several[place]:
                known[group] = dealt
        group_of[place], fold_of[place] = dealt
    return Folds(
        fold_of=ByClip(speakers.clip_ids, fold_of),
        group_of=ByClip(speakers.clip_ids, group_of),
        grouped=not single and 2 * int(unknown.sum()) <= len(names),
        count=min(dealer.groups, MOST_FOLDS),
    )


def _apart(speakers: ByClip[str | None], files: ByClip[int] | None) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """What stands for the speaker where none is known, and whether it does for several clips: of a million files with a clip each
    nothing need be remembered.
    """
    if files is None:
        return speakers.clip_ids, np.zeros(len(speakers), dtype=np.bool_)
    numbers = files.array.astype(np.int64)
    _, place, count = np.unique(numbers, return_inverse=True, return_counts=True)
    return numbers, count[place] > 1


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
