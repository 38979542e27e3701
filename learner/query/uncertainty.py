"""TODO."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learner.arrays import Numbers, Vectors
from learner.heads.linear import LinearHead

Exact = NDArray[np.float64]


Answer = tuple[Numbers, Exact]


PICKED = 40
"""Clips that are picked one by one; the queue is ranked anew long before so many are answered."""


_SEED = 20_214


def margins(learner: Any, X: Vectors) -> Exact:
    """How unsure the learner is, [n]: 1 less the difference of the two highest probabilities."""
    top = np.partition(learner.predict_proba(X), -2, axis=1)[:, -2:]
    found: Exact = 1.0 - (top[:, 1] - top[:, 0]).astype(np.float64)
    return found


def standardised(learner: Any, X: Vectors) -> Vectors:
    """X [n, dim] as the learner's head sees it, scaled so that a clip's mean square length is about 1."""
    head: LinearHead = learner.estimator
    mean, scale = (0.0, 1.0) if head.mean is None or head.scale is None else (head.mean, head.scale)
    found: Vectors = ((X - mean) / (scale * np.sqrt(X.shape[1]))).astype(np.float32)
    return found


def _highest(values: Exact, n_instances: int) -> Answer:
    order = np.argsort(-values, kind="stable")[:n_instances].astype(np.int64)
    return order, values[order]


def _picked_first(picked: Numbers, values: Exact, n_instances: int) -> Answer:
    """The picked rows in their order, then the others by value."""
    others = np.ones(len(values), dtype=np.bool_)
    others[picked] = False
    rest = np.flatnonzero(others)
    order = np.concatenate([picked, rest[np.argsort(-values[rest], kind="stable")]])[:n_instances].astype(np.int64)
    return order, values[order]
