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

MOST_FOLDS = 10


@dataclass(frozen=True)
class Folds:
    """Fold and group of every clip, by clip id; a group is a speaker, or a single clip where no speaker is known."""

    fold_of: dict[int, int]
    group_of: dict[int, int]
    grouped: bool
    """False when folds had to cut through speakers, or none are known: the accuracy is then not one for new speakers."""
    count: int

    def folds(self, clip_ids: Sequence[int]) -> NDArray[np.int64]:
        """Folds of these clips."""
        return np.array([self.fold_of[clip] for clip in clip_ids], dtype=np.int64)

    def groups(self, clip_ids: Sequence[int]) -> NDArray[np.int64]:
        """Groups of these clips."""
        return np.array([self.group_of[clip] for clip in clip_ids], dtype=np.int64)


def folds_of(clips: Sequence[tuple[int, str | None]]) -> Folds:
    """Folds for (clip id, speaker) pairs in the order of their ids.

    With a single speaker, folds are made of single clips; `grouped` says so.
    """
    speakers = {speaker for _, speaker in clips}
    single = len(speakers) < 2
    keys = [f"clip {clip}" if single or speaker is None else f"speaker {speaker}" for clip, speaker in clips]
    groups = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    dealt = _dealt(list(groups))
    return Folds(
        fold_of={clip: dealt[key] for (clip, _), key in zip(clips, keys, strict=True)},
        group_of={clip: groups[key] for (clip, _), key in zip(clips, keys, strict=True)},
        grouped=not single,
        count=max(dealt.values(), default=-1) + 1,
    )


def _dealt(groups: list[str]) -> dict[str, int]:
    """Round by round, each round in an order shuffled by hash: neighbours in a manifest are not neighbours in the folds."""
    found: dict[str, int] = {}
    taken: set[int] = set()
    for group in groups:
        if len(taken) == MOST_FOLDS:
            taken.clear()
        fold = len(found) if len(found) < MOST_FOLDS else _start(group)
        while fold in taken:
            fold = (fold + 1) % MOST_FOLDS
        taken.add(fold)
        found[group] = fold
    return found


def _start(group: str) -> int:
    return int.from_bytes(hashlib.blake2b(group.encode("utf-8", "surrogatepass"), digest_size=8).digest()) % MOST_FOLDS
