"""BADGE: batches of clips with large and different gradients (Ash et al. 2020)."""

from __future__ import annotations

from typing import Any

import numpy as np

from learner.arrays import Float32Array
from learner.query.uncertainty import PICKED, SEED, Selection, picked_first, standardised


def badge(learner: Any, X: Float32Array, n_instances: int = 1, **options: Any) -> Selection:
    """Clips with large and different gradients of the head's loss at its predicted labels, by k-means++ (Ash et al. 2020)."""
    chances = np.asarray(learner.predict_proba(X), dtype=np.float32)
    errors = chances.copy()
    errors[np.arange(len(errors)), chances.argmax(axis=1)] -= 1.0
    inputs = np.concatenate([standardised(learner, X), np.ones((len(X), 1), np.float32)], axis=1)
    # The gradient is the outer product of error and input, so its inner products are products of theirs.
    size = np.square(errors).sum(axis=1) * np.square(inputs).sum(axis=1)
    rng = np.random.default_rng(SEED + len(learner.y_training))
    picked = [int(size.argmax())]
    nearest = np.full(len(X), np.inf)
    for _ in range(min(n_instances, PICKED, len(X)) - 1):
        last = picked[-1]
        apart = size + size[last] - 2.0 * (errors @ errors[last]) * (inputs @ inputs[last])
        nearest = np.minimum(nearest, np.maximum(apart, 0.0))
        nearest[picked] = 0.0
        total = nearest.sum()
        if total <= 0:
            break
        picked.append(int(rng.choice(len(X), p=nearest / total)))
    return picked_first(np.array(picked, dtype=np.int64), size.astype(np.float64), n_instances)
