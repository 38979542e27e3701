"""How far clips usually are from others: the measure of "very similar", which differs from encoder to encoder."""

from __future__ import annotations

import numpy as np

from learner.arrays import Float32Array

NEIGHBOUR = 10
"""Not the nearest: in a collection where most clips are there twice, the nearest clip is a copy."""


def usual_distance(vectors: Float32Array) -> float:
    """The median distance (1 less the cosine) of a clip from its tenth nearest; 0 with fewer than two clips.

    Args:
        vectors: standardised features of a sample of clips, [n, dim].
    """
    if len(vectors) < 2:
        return 0.0
    directions = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    likeness = directions @ directions.T
    np.fill_diagonal(likeness, np.inf)
    # The most similar is the clip itself.
    place = len(vectors) - 1 - min(NEIGHBOUR, len(vectors) - 1)
    return float(np.median(1.0 - np.partition(likeness, place, axis=1)[:, place]))
