"""Strategies whose batches are spread out: weighted by density, or one clip from each cluster of uncertain ones.

Only the clips that are likely to be served before the next ranking are spread out; the rest of `n_instances` follow the first
measure alone. Distances are between features as the head standardises them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from learner.arrays import Float32Array, Float64Array, Int64Array
from learner.query.uncertainty import PICKED, SEED, Selection, highest, margins, picked_first, standardised

SHORTLIST = 8
"""Clips on the shortlist for each clip that is picked from it."""


def density_weighted(learner: Any, X: Float32Array, n_instances: int = 1, **options: Any) -> Selection:
    """Uncertainty by margin times similarity to the rest of the pool: information density (Settles and Craven 2008)."""
    directions = standardised(learner, X)
    directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-9)
    # The mean cosine to all others, from -1 to 1, without a matrix of pairs.
    likeness = (1.0 + directions @ directions.mean(axis=0)) / 2.0
    return highest(margins(learner, X) * likeness, n_instances)


def margin_diversity(learner: Any, X: Float32Array, n_instances: int = 1, **options: Any) -> Selection:
    """The most uncertain clip of each cluster of a shortlist by margin: k-means weighted by uncertainty (Zhdanov 2019)."""
    unsure = margins(learner, X)
    order = np.argsort(-unsure, kind="stable")
    wanted = min(n_instances, PICKED, len(order))
    shortlist = order[: SHORTLIST * wanted]
    cluster_of = _clusters(standardised(learner, X[shortlist]), unsure[shortlist], wanted)
    # The shortlist is in the order of uncertainty, so the first clip of each cluster is its most uncertain one.
    firsts = np.unique(cluster_of, return_index=True)[1]
    picked = shortlist[np.sort(firsts)]
    return picked_first(picked, unsure, n_instances)


def _clusters(rows: Float32Array, weights: Float64Array, count: int) -> Int64Array:
    from sklearn.cluster import KMeans

    model = KMeans(n_clusters=min(count, len(rows)), n_init=1, random_state=SEED, max_iter=30)
    found: Int64Array = model.fit(rows, sample_weight=weights + 1e-3).labels_.astype(np.int64)
    return found
