"""Folds of whole speakers or sessions, each held out once; the same for every method, encoder and run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import GroupKFold

from db.errors import LabelError
from learner.arrays import Int64Array

SPEAKER = "speaker"


@dataclass(frozen=True)
class Fold:
    """Row numbers of the clips to train on and of those held out, and the speakers or sessions that the latter are of."""

    held_out: tuple[str, ...]
    train: Int64Array
    test: Int64Array


def folds_of_clips(groups: Sequence[str | None], *, asked: str) -> list[Fold]:
    """One fold for each group, or so many folds of whole groups.

    Args:
        groups: of each clip: its speaker, or what stands in the column that was asked for.
        asked: `speaker`, the name of a column, or a number of folds.

    Raises:
        LabelError: clips have no group, there are fewer than two groups, or fewer than folds.
    """
    what = "speaker" if asked.isdecimal() or asked == SPEAKER else asked
    lacking = sum(group is None for group in groups)
    if lacking:
        raise LabelError(
            f"{lacking} of {len(groups)} clips have no {what}, so they cannot be held out as a whole; "
            f"fill the column {what!r}, or name another with --folds."
        )
    names, group_of = np.unique([str(group) for group in groups], return_inverse=True)
    if len(names) < 2:
        raise LabelError(
            f"All {len(groups)} clips are of one {what}, so none can be held out; "
            "add clips of another, or name another column with --folds."
        )
    if not asked.isdecimal():
        fold_of = group_of
    elif not 2 <= int(asked) <= len(names):
        raise LabelError(f"{len(names)} speakers cannot be dealt into {asked} folds; choose --folds from 2 to {len(names)}.")
    else:
        fold_of = np.zeros(len(groups), dtype=np.int64)
        for number, (_, held_out) in enumerate(GroupKFold(int(asked)).split(fold_of, groups=group_of)):
            fold_of[held_out] = number
    return [_fold(names, group_of, fold_of == number) for number in range(int(fold_of.max()) + 1)]


def _fold(names: np.ndarray, group_of: np.ndarray, held_out: np.ndarray) -> Fold:
    inside = tuple(str(names[group]) for group in np.unique(group_of[held_out]))
    return Fold(inside, np.flatnonzero(~held_out), np.flatnonzero(held_out))


def labelled_rows(fold: Fold, y: Int64Array, *, per_class: int | None, seed: Sequence[int]) -> Int64Array:
    """The rows of the training fold whose labels are learned from: all, or at most so many of each class.

    Args:
        y: class of each clip.
        seed: of the draw, which depends on nothing else.
    """
    if per_class is None:
        return fold.train
    rng = np.random.default_rng([*seed, 25])
    drawn = [rng.permutation(fold.train[y[fold.train] == each])[:per_class] for each in np.unique(y)]
    return np.sort(np.concatenate(drawn))
