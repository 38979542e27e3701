"""Folds of whole speakers, so that no head is ever tested on a speaker that it was trained on.

These are the folds of a project, which grows while it is evaluated. A speaker's fold never changes: speakers are dealt in the
order of their first clip, each to the fold that has fewest. New clips and new speakers are only appended to that order; so heads
that were trained for the old folds stay useful. (There is one exception: folds of single clips are replaced once there is a
second speaker, or once there are enough recordings of unknown speakers.)

A finished corpus has other folds, see `learner.probing.splits`. Every cross-validation of either kind goes through its folds with
`held_out_in_turn`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learner.arrays import BoolArray, Int64Array
from learner.dataset.by_clip import ByClip

MOST_FOLDS = 10
MOST_OF_A_FILE = 4
"""A file with more than one in so many clips cannot be held out as a whole: too little would be left to train on."""


@dataclass(frozen=True)
class Folds:
    """Fold and group of every clip, by clip id; a group is a speaker, or a file (or a clip) where no speaker is known."""

    fold_of: ByClip[int]
    group_of: ByClip[int]
    grouped: bool
    """False when folds had to split speakers, or when the speaker of most clips is unknown. The accuracy then does not hold for
    new speakers."""
    count: int

    def folds(self, clip_ids: Sequence[int] | Int64Array) -> Int64Array:
        """Folds of these clips."""
        return self.fold_of.of_clips(clip_ids).astype(np.int64)

    def groups(self, clip_ids: Sequence[int] | Int64Array) -> Int64Array:
        """Groups of these clips."""
        return self.group_of.of_clips(clip_ids).astype(np.int64)


def held_out_in_turn(fold_of: Int64Array) -> Iterator[tuple[int, BoolArray]]:
    """Each fold that has rows, in ascending order, and a mask of its rows [n]; the other rows are there to train on.

    Args:
        fold_of: fold of each row, [n].
    """
    for fold in np.unique(fold_of).tolist():
        yield fold, fold_of == fold


def folds_of(speakers: ByClip[str | None], files: ByClip[int] | None = None, *, in_service: BoolArray | None = None) -> Folds:
    """Folds for clips of these speakers, dealt in the order of the clips' ids.

    With a single speaker, folds are made of single clips, and `grouped` is False.

    Args:
        files: the file of each clip: spans of a recording of an unknown speaker stay together where there are enough files.
        in_service: mask of the clips that matter; none stands for all.
    """
    names = speakers.array.tolist()
    numbers = None if files is None else files.array
    matter = np.ones(len(names), dtype=np.bool_) if in_service is None else in_service
    unknown = np.array([speaker is None for speaker in names], dtype=np.bool_)
    named = {name for name, here in zip(names, matter, strict=True) if name is not None and here}
    file_of = None if numbers is None else _recordings(numbers, unknown, matter, speakers=len(named))
    single = file_of is None and len({*names}) < 2
    dealer = _Dealer()
    known: dict[str, tuple[int, int]] = {}
    # A dictionary of a million files would take more memory than everything else in the learner.
    recorded = np.full((0 if file_of is None else int(file_of.max()) + 1, 2), -1, dtype=np.int32)
    fold_of, group_of = np.empty(len(names), dtype=np.int8), np.empty(len(names), dtype=np.int32)
    for place, speaker in enumerate(names):
        if speaker is None and file_of is not None and numbers is not None:
            dealt = (int(recorded[file_of[place], 0]), int(recorded[file_of[place], 1]))
            if dealt[0] < 0:
                dealt = recorded[file_of[place]] = dealer.deal(f"file {numbers[place]}")
        elif single or speaker is None:
            dealt = dealer.deal(f"clip {speakers.clip_ids[place]}")
        elif speaker in known:
            dealt = known[speaker]
        else:
            dealt = known[speaker] = dealer.deal(f"speaker {speaker}")
        group_of[place], fold_of[place] = dealt
    return Folds(
        fold_of=ByClip(speakers.clip_ids, fold_of),
        group_of=ByClip(speakers.clip_ids, group_of),
        grouped=not single and len(named) > 1 and 2 * int((unknown & matter).sum()) <= int(matter.sum()),
        count=min(dealer.groups, MOST_FOLDS),
    )


def _recordings(files: Int64Array, unknown: BoolArray, matter: BoolArray, *, speakers: int) -> NDArray[np.int32] | None:
    """A number for the file of each clip; None where folds of whole files are of no use. They are of use if files of unknown
    speakers have several clips, unless there are very few files or one of them has too many of the clips.
    """
    sizes = np.unique(files[unknown & matter], return_counts=True)[1]
    if not len(sizes) or sizes.max() == 1 or len(sizes) + speakers < MOST_FOLDS:
        return None
    if MOST_OF_A_FILE * int(sizes.max()) > int(matter.sum()):
        return None
    return np.unique(files, return_inverse=True)[1].astype(np.int32)


class _Dealer:
    """Deals in rounds, each in an order shuffled by hash, so that neighbours in a manifest are not neighbours in the folds."""

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
