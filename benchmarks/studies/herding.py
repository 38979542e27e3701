"""MaxHerding and UHerding as query strategies, for `benchmarks.studies.simulation_table` to compare with what ships.

MaxHerding (Bae et al. 2024, *Generalized Coverage for More Robust Low-Budget Active Learning*) is that of scikit-activeml.
UHerding (Bae et al. 2025, *Uncertainty Herding: One Active Learning Method for All Label Budgets*), which that library has not,
covers clips in proportion to the head's uncertainty. Name them by import path:
`--strategy benchmarks.studies.herding:max_herding`. As for every strategy, clusters choose the first clips, until the head has
two labels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from skactiveml.pool import MaxHerding
from sklearn.metrics.pairwise import rbf_kernel

from learner.arrays import Float32Array, Float64Array, Int64Array
from learner.query.uncertainty import PICKED, Selection, margins, picked_first, standardised

WIDTH = 0.5
"""Of the kernel, relative to the usual distance of two clips. The papers take 1 on features scaled to length 1, which were
learned to be spread over the sphere."""


def max_herding(learner: Any, X: Float32Array, n_instances: int = 1, **options: Any) -> Selection:
    """The clips whose neighbourhoods cover most of the pool that no labelled clip covers."""
    known, rows = _directions(learner, learner.X_training), _directions(learner, X)
    labels = np.concatenate([np.asarray(learner.y_training, dtype=np.float64), np.full(len(rows), np.nan)])
    strategy = MaxHerding(normalize_samples=False, metric="rbf", metric_dict={"gamma": _gamma(rows)}, random_state=0)
    batch = min(n_instances, PICKED, len(rows))
    picked = np.asarray(strategy.query(np.vstack([known, rows]), labels, batch_size=batch)) - len(known)
    return picked_first(picked.astype(np.int64), margins(learner, X), n_instances)


def uncertainty_herding(learner: Any, X: Float32Array, n_instances: int = 1, **options: Any) -> Selection:
    """The same, where each clip of the pool counts as much as the head is unsure of it (by margin)."""
    known, rows = _directions(learner, learner.X_training), _directions(learner, X)
    gamma, unsure = _gamma(rows), margins(learner, X)
    covered = rbf_kernel(rows, known, gamma=gamma).max(axis=1)
    picked = _covering(rbf_kernel(rows, gamma=gamma), unsure, covered, min(n_instances, PICKED, len(rows)))
    return picked_first(picked, unsure, n_instances)


def _directions(learner: Any, X: Float32Array) -> Float64Array:
    rows = standardised(learner, X).astype(np.float64)
    found: Float64Array = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return found


def _gamma(rows: Float64Array) -> float:
    """One over the square of the kernel's width."""
    usual = np.median(2.0 - 2.0 * (rows @ rows.T)[np.triu_indices(len(rows), k=1)]) if len(rows) > 1 else 1.0
    return 1.0 / (WIDTH**2 * max(float(usual), 1e-9))


def _covering(kernel: Float64Array, weights: Float64Array, covered: Float64Array, count: int) -> Int64Array:
    """Greedily the clips that add most coverage, [count]."""
    picked: list[int] = []
    for _ in range(count):
        gains = weights @ np.maximum(kernel - covered[:, None], 0.0)
        gains[picked] = -1.0
        picked.append(int(gains.argmax()))
        covered = np.maximum(covered, kernel[:, picked[-1]])
    return np.array(picked, dtype=np.int64)
