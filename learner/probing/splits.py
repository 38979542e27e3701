"""The folds that every candidate is scored on: whole speakers are held out, the same ones for all.

They are dealt otherwise than the folds of a project (`learner.dataset.folds`), because a corpus is finished. All speakers and
labels are known, so folds can be balanced, and each speaker is held out alone where there are few, as in the papers whose figures
a probe stands beside. In a project clips, speakers and labels come in while it is evaluated: there a fold must never change, so
folds are dealt in the order in which speakers come and do not depend on labels. Both are gone through in the same way, with
`learner.dataset.folds.held_out_in_turn`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import GroupKFold

from learner.arrays import Int64Array

MOST_SINGLE = 12
"""Up to this many speakers each is held out alone; beyond, they are dealt into FOLDS folds."""
FOLDS = 6
_MOST_PARTNERS = 5
_SEED = 2020


@dataclass(frozen=True)
class Splits:
    """Fold and group of every clip; a group is a speaker, or a single clip where no speaker is known."""

    fold_of: Int64Array
    group_of: Int64Array
    count: int
    speakers: int
    """Speakers that are named."""
    grouped: bool
    """Whether folds keep speakers whole; otherwise the score is not one for new speakers."""

    def partners(self, fold: int) -> list[int]:
        """The folds that are held out in turn when a choice is made without `fold`; the relation goes both ways.

        All others up to six folds, else its four neighbours on a ring: choosing needs less precision than the score itself.
        """
        if self.count <= _MOST_PARTNERS + 1:
            return [other for other in range(self.count) if other != fold]
        return sorted((fold + step) % self.count for step in (-2, -1, 1, 2))


def splits_of(speakers: Sequence[str | None], y: Int64Array) -> Splits:
    """Folds for the clips of these speakers and labels; without two speakers, folds of clips in which labels are equally
    frequent."""
    named = {speaker for speaker in speakers if speaker is not None}
    if len(named) < 2:
        dealt = _stratified(y)
        return Splits(dealt, np.arange(len(y)), int(dealt.max(initial=-1)) + 1, len(named), grouped=False)
    keys = [f"clip {row}" if speaker is None else f"speaker {speaker}" for row, speaker in enumerate(speakers)]
    group_of = np.unique(keys, return_inverse=True)[1].astype(np.int64)
    groups = int(group_of.max()) + 1
    if groups <= MOST_SINGLE:
        return Splits(group_of, group_of, groups, len(named), grouped=True)
    fold_of = np.zeros(len(y), dtype=np.int64)
    for fold, (_, held_out) in enumerate(GroupKFold(FOLDS).split(fold_of, groups=group_of)):
        fold_of[held_out] = fold
    return Splits(fold_of, group_of, FOLDS, len(named), grouped=True)


def _stratified(y: Int64Array) -> Int64Array:
    """The clips of each label in random order, dealt one after the other; scikit-learn's own warns about small labels."""
    order = np.random.default_rng(_SEED).permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    fold_of = np.zeros(len(y), dtype=np.int64)
    fold_of[order] = np.arange(len(y)) % FOLDS
    return fold_of
