"""What the query strategies share: margins, and the order in which rows are returned.

Strategies have modAL's form, `(learner, X, n_instances) -> (indices, metrics)`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from learner.arrays import Float32Array, Float64Array, Int64Array
from learner.heads.linear import LinearHead

Selection = tuple[Int64Array, Float64Array]
"""Indices of rows, most wanted first, and their values."""
PICKED = 40
"""At most so many clips are picked one by one; the queue is ranked again long before so many are answered."""
SEED = 20_214


def margins(learner: Any, X: Float32Array) -> Float64Array:
    """How unsure the learner is, [n]: 1 less the difference of the two highest probabilities."""
    top = np.partition(learner.predict_proba(X), -2, axis=1)[:, -2:]
    found: Float64Array = 1.0 - (top[:, 1] - top[:, 0]).astype(np.float64)
    return found


def standardised(learner: Any, X: Float32Array) -> Float32Array:
    """X [n, dim] as the learner's head standardises it, scaled so that a clip's mean square length is about 1."""
    head: LinearHead = learner.estimator
    mean, scale = (0.0, 1.0) if head.mean is None or head.scale is None else (head.mean, head.scale)
    found: Float32Array = ((X - mean) / (scale * np.sqrt(X.shape[1]))).astype(np.float32)
    return found


def highest(values: Float64Array, n_instances: int) -> Selection:
    order = np.argsort(-values, kind="stable")[:n_instances].astype(np.int64)
    return order, values[order]


def picked_first(picked: Int64Array, values: Float64Array, n_instances: int) -> Selection:
    """The picked rows in their order, then the others by value."""
    others = np.ones(len(values), dtype=np.bool_)
    others[picked] = False
    rest = np.flatnonzero(others)
    order = np.concatenate([picked, rest[np.argsort(-values[rest], kind="stable")]])[:n_instances].astype(np.int64)
    return order, values[order]
