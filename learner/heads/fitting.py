"""A head fitted to labelled clips of the pool, on the features that its normalisation makes of them."""

from __future__ import annotations

import numpy as np

from learner.arrays import Float32Array, Int64Array
from learner.dataset.examples import Examples
from learner.dataset.pool import Pool
from learner.dataset.speaker_norm import NONE
from learner.heads.linear import DISCRIMINANT, LOGISTIC, LinearHead

WIDE = 512
"""Features from which on it is discriminant analysis. With 1,536 it is the better one, with 128 neither is throughout."""

MOST_UNLABELLED, MOST_TOGETHER = 1000, 1500
"""Clips that a head learns from without a label, and together with those that have one."""


def suited(*, dim: int) -> str:
    """The method for so many features, however many labels: what is evaluated on fewer must be what is used."""
    return DISCRIMINANT if dim >= WIDE else LOGISTIC


def fitted_head(
    pool: Pool,
    examples: Examples,
    vectors: Float32Array,
    *,
    C: float,
    normalisation: str,
    method: str | None = None,
    held_out_fold: int | None = None,
) -> LinearHead:
    """The head for these examples, at least one.

    Args:
        vectors: their features as they are, [n, dim].
        C: inverse regularisation strength.
        normalisation: `NONE` or `SPEAKER`.
        method: `LOGISTIC` or `DISCRIMINANT`; none takes what suits the features.
        held_out_fold: a fold that the head is to be tested on: it learns from none of its clips, with or without a label.
    """
    method = method or suited(dim=pool.features.dim)
    if normalisation == NONE:
        head = LinearHead(C=C, method=method, mean=pool.mean, scale=pool.scale)
    else:
        # What was normalised by speaker is standardised already.
        mean, scale = np.zeros(pool.features.dim, dtype=np.float32), np.ones(pool.features.dim, dtype=np.float32)
        head = LinearHead(C=C, method=method, mean=mean, scale=scale, normalisation=normalisation)
    unlabelled = None
    if method == DISCRIMINANT:
        others = unlabelled_clips(pool, examples, held_out_fold=held_out_fold)
        unlabelled = pool.inputs_of(pool.features.rows(others), others, normalisation)
    inputs = pool.inputs_of(vectors, examples.clip_ids, normalisation)
    return head.fit(inputs, examples.y, examples.weights, unlabelled=unlabelled)


def unlabelled_clips(pool: Pool, examples: Examples, *, held_out_fold: int | None = None) -> Int64Array:
    """Ids of the clips that are learned from without a label, in ascending order; none of the fold `held_out_fold`."""
    answered = np.concatenate([examples.clip_ids, examples.set_aside])
    others = pool.sample[~np.isin(pool.sample, answered)]
    if held_out_fold is not None:
        others = others[pool.folds.folds(others) != held_out_fold]
    return np.sort(others[: max(min(MOST_UNLABELLED, MOST_TOGETHER - len(examples.y)), 0)])
