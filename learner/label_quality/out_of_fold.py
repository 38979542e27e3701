"""Probabilities of labelled clips by heads that were trained on neither the clip nor its speaker."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import numpy as np

from learner.arrays import Float64Array, Int64Array
from learner.dataset.examples import Examples
from learner.dataset.pool import Pool
from learner.dataset.tested_slice import Slice
from learner.evaluation.cross_fitting import held_out_probabilities
from learner.heads.fitting import fitted_head
from learner.heads.linear import LOGISTIC, LinearHead
from learner.heads.words import choose_inputs
from learner.progress import Progress, unseen


def out_of_fold(
    pool: Pool,
    clip_ids: Int64Array,
    y: Int64Array,
    label_ids: Sequence[int],
    *,
    C: float,
    progress: Progress = unseen,
) -> Float64Array:
    """Probabilities [n, labels]; those of a clip come from a head that was trained, and normalised, on the clips of other folds.

    This is the cross-fitting of the evaluation with two differences. All labels are tested, not only those of the random slice.
    And the heads are always logistic regression with more regularisation, so that a wrong label affects them less.

    A label that no other fold has examples of gets probability 0; where no head can be trained, all labels get the same.

    Args:
        clip_ids: labelled clips with features, in ascending order.
        y: their label ids.
        C: inverse regularisation strength.
        progress: called with heads trained and to train.
    """
    labels = dict(zip(clip_ids.tolist(), y.tolist(), strict=True))
    tested = Slice.of(pool, clip_ids.tolist(), labels, label_ids)
    turns, folds = count(1), len(np.unique(tested.folds))

    def train(examples: Examples, *, held_out_fold: int) -> LinearHead | None:
        head = trained(examples)
        progress(next(turns), folds)
        return head

    def trained(examples: Examples) -> LinearHead | None:
        if not len(examples.y):
            return None
        vectors = tested.vectors[np.searchsorted(clip_ids, examples.clip_ids)]
        choice = choose_inputs(pool, examples.clip_ids, examples.y, vectors)
        normalisation, words = choice.normalisation, choice.words
        return fitted_head(pool, examples, vectors, C=C, normalisation=normalisation, words=words, method=LOGISTIC)

    found = held_out_probabilities(pool, tested, labels, label_ids, train=train)
    found[found.sum(axis=1) == 0] = 1 / max(len(label_ids), 1)
    return found
