"""A head fitted to labelled clips of the pool, on the features that its normalisation makes of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learner.heads import DISCRIMINANT, LOGISTIC, LinearHead, Numbers, Vectors, Weights
from learner.pool import Pool
from learner.speaker_norm import NONE

WIDE = 512
"""Features from which on it is discriminant analysis. With 1,536 it is the better one, with 128 neither is throughout."""

MOST_UNLABELLED, MOST_TOGETHER = 1000, 1500
"""Clips that a head learns from without a label, and together with those that have one."""


def suited(*, dim: int) -> str:
    """The method for so many features, however many labels: what is evaluated on fewer must be what is used."""
    return DISCRIMINANT if dim >= WIDE else LOGISTIC


def fitted_head(
    pool: Pool,
    clip_ids: NDArray[np.int64],
    y: Numbers,
    vectors: Vectors,
    *,
    C: float,
    normalisation: str,
    weights: Weights | None = None,
    method: str | None = None,
    unheard: int | None = None,
) -> LinearHead:
    """The head for these clips, at least one.

    Args:
        clip_ids: of the labelled clips.
        y: their labels.
        vectors: their features as they are, [n, dim].
        C: inverse regularisation strength.
        normalisation: `NONE` or `SPEAKER`.
        weights: how much each clip counts; none stands for all the same.
        method: `LOGISTIC` or `DISCRIMINANT`; none takes what suits the features.
        unheard: a fold that the head is to be tested on: it learns from none of its clips, with or without a label.
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
        others = _unlabelled(pool, clip_ids, unheard)
        unlabelled = pool.inputs_of(pool.features.rows(others), others, normalisation)
    return head.fit(pool.inputs_of(vectors, clip_ids, normalisation), y, weights, unlabelled=unlabelled)


def _unlabelled(pool: Pool, labelled: NDArray[np.int64], unheard: int | None) -> NDArray[np.int64]:
    """Clips to learn from without a label, in ascending order."""
    others = pool.sample[~np.isin(pool.sample, labelled)]
    if unheard is not None:
        others = others[pool.folds.folds(others) != unheard]
    return np.sort(others[: max(min(MOST_UNLABELLED, MOST_TOGETHER - len(labelled)), 0)])
