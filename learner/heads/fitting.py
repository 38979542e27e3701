"""A head fitted to labelled clips of the pool, on their normalised features."""

from __future__ import annotations

import numpy as np

from learner.arrays import Float32Array, Int64Array
from learner.dataset.examples import Examples
from learner.dataset.pool import Pool
from learner.heads.linear import DISCRIMINANT, LOGISTIC, LinearHead
from learner.heads.words import input_statistics

WIDE = 512
"""From so many features on, the method is discriminant analysis. With 1,536 features it is the better method; with 128 features
neither method is better on all corpora."""

MOST_UNLABELLED, MOST_TOGETHER = 1000, 1500
"""A head learns from at most so many unlabelled clips, and from at most so many clips in all."""


def suited(*, dim: int) -> str:
    """The method for so many features. It does not depend on the number of labels: the evaluation trains on fewer labels and must
    use the same method.
    """
    return DISCRIMINANT if dim >= WIDE else LOGISTIC


def fitted_head(
    pool: Pool,
    examples: Examples,
    vectors: Float32Array,
    *,
    C: float,
    normalisation: str,
    words: bool = False,
    method: str | None = None,
    held_out_fold: int | None = None,
) -> LinearHead:
    """The head for these examples, at least one.

    Args:
        vectors: their features as they are, [n, dim].
        C: inverse regularisation strength.
        normalisation: `NONE` or `SPEAKER`.
        words: put those of the clips beside their sound.
        method: `LOGISTIC` or `DISCRIMINANT`; none takes what suits the features.
        held_out_fold: a fold that the head will be tested on: it learns from none of the clips, labelled or not.
    """
    mean, scale = input_statistics(pool, normalisation, words=words)
    method = method or suited(dim=len(mean))
    head = LinearHead(C=C, method=method, mean=mean, scale=scale, normalisation=normalisation, words=words)
    unlabelled = None
    if method == DISCRIMINANT:
        others = unlabelled_clips(pool, examples, held_out_fold=held_out_fold)
        unlabelled = pool.inputs_of(pool.features.rows(others), others, normalisation, words=words)
    inputs = pool.inputs_of(vectors, examples.clip_ids, normalisation, words=words)
    return head.fit(inputs, examples.y, examples.weights, unlabelled=unlabelled)


def unlabelled_clips(pool: Pool, examples: Examples, *, held_out_fold: int | None = None) -> Int64Array:
    """Ids of the unlabelled clips to learn from, in ascending order; none of the fold `held_out_fold`."""
    answered = np.concatenate([examples.clip_ids, examples.set_aside])
    others = pool.sample[~np.isin(pool.sample, answered)]
    if held_out_fold is not None:
        others = others[pool.folds.folds(others) != held_out_fold]
    return np.sort(others[: max(min(MOST_UNLABELLED, MOST_TOGETHER - len(examples.y)), 0)])
