"""Probabilities of labelled clips by heads that were trained on neither the clip nor its speaker."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from learner.arrays import Float64Array, Int64Array
from learner.dataset.examples import Examples
from learner.dataset.pool import Pool
from learner.heads.fitting import fitted_head
from learner.heads.linear import LOGISTIC
from learner.heads.normalisation import choose_normalisation


def out_of_fold(
    pool: Pool,
    clip_ids: Int64Array,
    y: Int64Array,
    label_ids: Sequence[int],
    *,
    C: float,
) -> Float64Array:
    """Probabilities [n, labels]; those of a clip come from a head that was trained, and normalised, on the clips of other folds.

    A label that no other fold has examples of gets probability 0; where no head can be trained, all labels get the same.

    Args:
        clip_ids: labelled clips with features, in ascending order.
        y: their label ids.
        C: inverse regularisation strength.
    """
    found = np.full((len(clip_ids), len(label_ids)), 1 / max(len(label_ids), 1))
    folds = pool.folds.folds(clip_ids.tolist())
    vectors = pool.features.rows(clip_ids)
    for fold in np.unique(folds):
        held_out = folds == fold
        others = ~held_out
        if others.any():
            decision = choose_normalisation(pool, clip_ids[others], y[others], vectors[others])
            examples = Examples.alike(clip_ids[others], y[others])
            head = fitted_head(pool, examples, vectors[others], C=C, normalisation=decision.normalisation, method=LOGISTIC)
            inputs = pool.inputs_of(vectors[held_out], clip_ids[held_out], decision.normalisation)
            found[held_out] = head.probabilities(inputs, label_ids)
    return found
