"""Mean and spread of all features of a pool, to standardise with."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from learner.arrays import Float32Array

FLAT = 1e-6
"""A feature that varies less than this carries no information; it is centred and not scaled."""


def pool_statistics(chunks: Iterable[Float32Array], *, dim: int) -> tuple[Float32Array, Float32Array]:
    """Mean and standard deviation [dim] over all rows of the chunks [n, dim]; zeros and ones for no rows."""
    count, total, squares = 0, np.zeros(dim), np.zeros(dim)
    for chunk in chunks:
        # float64: the difference of two large sums would lose small variances in float32.
        exact = chunk.astype(np.float64)
        count += len(exact)
        total += exact.sum(axis=0)
        squares += np.square(exact).sum(axis=0)
    if count == 0:
        return np.zeros(dim, dtype=np.float32), np.ones(dim, dtype=np.float32)
    mean = total / count
    spread = np.sqrt(np.maximum(squares / count - np.square(mean), 0.0))
    return mean.astype(np.float32), np.where(spread < FLAT, 1.0, spread).astype(np.float32)
