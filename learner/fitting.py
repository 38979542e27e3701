"""A head fitted to labelled clips of the pool, on the features that its normalisation makes of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learner.heads import DISCRIMINANT, LOGISTIC, LinearHead, Numbers, Vectors, Weights
from learner.pool import Pool
from learner.speaker_norm import NONE

WIDE = 512
"""Features from which on it is discriminant analysis. With 1,536 it is the better one, with 128 neither is throughout."""


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
    """
    method = method or suited(dim=pool.features.dim)
    if normalisation == NONE:
        return LinearHead(C=C, method=method, mean=pool.mean, scale=pool.scale).fit(vectors, y, weights)
    # What was normalised by speaker is standardised already.
    mean, scale = np.zeros(pool.features.dim, dtype=np.float32), np.ones(pool.features.dim, dtype=np.float32)
    head = LinearHead(C=C, method=method, mean=mean, scale=scale, normalisation=normalisation)
    return head.fit(pool.inputs_of(vectors, clip_ids, normalisation), y, weights)
