"""What is learned from and tested on: folds of whole speakers, drawn anew in each run, and how many labels are tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from db.errors import LabelError
from learner.arrays import Int64Array
from learner.modalities.material import Material

FOLDS = 5
"""As in paper 1; fewer where there are fewer speakers."""
FIRST = 125
"""Labels at the first point of paper 1; each further point has twice as many."""
FEWEST_POINTS = 5
_FOR_A_LABEL = 3
"""Labelled clips for each label, at the very least."""
_SEED = 20_201


@dataclass(frozen=True)
class Fold:
    """What one head is trained and tested on."""

    run: int
    order: Int64Array
    """Rows that may be learned from, in the order in which they are labelled."""
    tested: Int64Array
    """Rows of the speakers that are held out."""


def folds_of_runs(material: Material, runs: int) -> list[Fold]:
    """The folds of all runs; each run deals the speakers anew and labels the clips in another order.

    Raises:
        LabelError: there are too few clips to hold any out.
    """
    found = []
    for run in range(runs):
        rng = np.random.default_rng([_SEED, run])
        fold_of = _dealt(material, rng)
        for fold in np.unique(fold_of).tolist():
            tested = np.flatnonzero(fold_of == fold)
            order = rng.permutation(np.flatnonzero(fold_of != fold))
            found.append(Fold(run, order.astype(np.int64), tested.astype(np.int64)))
    if any(not len(fold.order) for fold in found):
        raise LabelError(f"There are {len(material.y)} labelled clips, too few to hold some out; label more.")
    return found


def _dealt(material: Material, rng: np.random.Generator) -> Int64Array:
    """The fold of each clip: groups in random order, the large ones first, each to the fold with the fewest clips.

    Without speakers the clips of each label are dealt one after the other, so that labels are equally frequent.
    """
    groups, sizes = np.unique(material.group_of, return_counts=True)
    if not material.grouped:
        order = rng.permutation(len(material.y))
        order = order[np.argsort(material.y[order], kind="stable")]
        fold_of = np.zeros(len(order), np.int64)
        fold_of[order] = np.arange(len(order)) % min(FOLDS, len(order))
        return fold_of
    count = min(FOLDS, len(groups))
    clips, dealt = np.zeros(count, np.int64), np.zeros(len(groups), np.int64)
    mixed = rng.permutation(len(groups))
    for group in mixed[np.argsort(-sizes[mixed], kind="stable")].tolist():
        dealt[group] = int(clips.argmin())
        clips[dealt[group]] += sizes[group]
    return dealt[material.group_of]


def budgets_of(folds: Sequence[Fold], *, labels: int, asked: Sequence[int] = ()) -> list[int]:
    """Numbers of labels to try, ascending: 125, 250, … and all that every fold has; half of the first, and half again, where that
    gives too few points.

    Args:
        labels: how many there are.
        asked: numbers that are wanted instead.

    Raises:
        LabelError: of the numbers that are wanted, none is there.
    """
    most = min(len(fold.order) for fold in folds)
    if asked:
        found = sorted({number for number in asked if number <= most})
        if not found:
            raise LabelError(f"There are {most} clips to learn from when speakers are held out; ask for at most {most} labels.")
        return found
    found, number = [], FIRST
    while number * 1.25 < most:
        found.append(number)
        number *= 2
    found.append(most)
    first = found[0] if found[0] == FIRST else most
    while len(found) < FEWEST_POINTS and first // 2 >= _FOR_A_LABEL * labels:
        first //= 2
        found.insert(0, first)
    return found
