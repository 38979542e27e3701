"""Two clips that sound the same need only one answer for now: of near-duplicates only the first is queried soon."""

from __future__ import annotations

import numpy as np

from learner.arrays import Float32Array, Int64Array

ALIKE = 0.97
"""Cosine of standardised features from which two clips count as near-duplicates.

With the bundled encoder no pair of EmoDB or donateacry is so similar (at most .95 and .97), 10 of a million pairs of RAVDESS are,
and 20 of 80,000 of ESC-10.
"""
SPREAD_OVER = 200
"""Places of the queue that are checked: many more than are served before the next ranking."""


def spread_order(vectors: Float32Array) -> Int64Array:
    """Positions [n] in their order, but with every near-duplicate of an earlier one at the end.

    Args:
        vectors: standardised features of clips in the order in which they are to be queried, [n, dim].
    """
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    directions = vectors / lengths
    alike = directions @ directions.T >= ALIKE
    kept: list[int] = []
    put_back: list[int] = []
    for place in range(len(vectors)):
        (put_back if alike[place, kept].any() else kept).append(place)
    return np.array([*kept, *put_back], dtype=np.int64)
