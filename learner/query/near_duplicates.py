"""Two clips that sound the same need only one answer for now: of near-duplicates only the first is queried soon."""

from __future__ import annotations

import numpy as np

from learner.arrays import Float32Array, Int64Array

NEAR = 0.125
"""Two clips are near-duplicates if their distance (1 less the cosine of standardised features) is at most so large, relative
to the usual distance of a clip from its tenth nearest.

No cosine suits all features: .97 is a rare similarity with the bundled encoder (20 of 1,440 clips of RAVDESS have such a
neighbour) and with Whisper (2), and the rule with log-mel features (549).
"""
UNKNOWN = 0.03
"""The distance where the usual one is not known."""
SPREAD_OVER = 200
"""Places of the queue that are checked: many more than are served before the next ranking."""


def spread_order(vectors: Float32Array, *, within: float = UNKNOWN) -> Int64Array:
    """Positions [n] in their order, but with every near-duplicate of an earlier one at the end.

    Args:
        vectors: standardised features of clips in the order in which they are to be queried, [n, dim].
        within: the distance up to which two clips are near-duplicates.
    """
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    directions = vectors / lengths
    alike = directions @ directions.T >= 1.0 - within
    kept: list[int] = []
    put_back: list[int] = []
    for place in range(len(vectors)):
        (put_back if alike[place, kept].any() else kept).append(place)
    return np.array([*kept, *put_back], dtype=np.int64)
