"""Predictions of logistic regression on some clips for others, for many splits of them (see `learner.heads.logistic`)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.linalg import solve_triangular

from learner.arrays import Float32Array, Float64Array, Int64Array
from learner.dataset.statistics import FLAT
from learner.heads.logistic import factor_of, scores_of, solved, with_constant

STRENGTH = 0.01
"""C of the reference figures."""
_BLOCK = 1024
"""Features that are standardised at a time: all of them at once in float64 would be large."""


def predictions(X: Float32Array, y: Int64Array, *, train: Int64Array, test: Int64Array, C: float = STRENGTH) -> Int64Array:
    """Classes [len(test)] predicted for the rows `test` by a regression on the rows `train`.

    Features are standardised with mean and spread of the training rows, and classes weigh the same. With one class to learn from
    that one is predicted, with none -1.

    Args:
        X: features [n, d].
        y: classes [n], from 0.
        train, test: row numbers.
        C: inverse regularisation strength, as in scikit-learn.
    """
    classes, targets = np.unique(y[train], return_inverse=True)
    if len(classes) < 2:
        return np.full(len(test), classes[0] if len(classes) else -1, dtype=np.int64)
    if X.shape[1] <= len(train):
        inputs, tested = next(_standardised(X, train, test, block=X.shape[1]))
    else:
        inputs, tested = _spanned(X, train, test)
    weights = solved(with_constant(inputs), targets, C=C)
    scores = scores_of(tested @ weights[:-1] + weights[-1])
    found: Int64Array = classes[scores.argmax(axis=1)].astype(np.int64)
    return found


def _standardised(
    X: Float32Array, train: Int64Array, test: Int64Array, *, block: int
) -> Iterator[tuple[Float64Array, Float64Array]]:
    """The training and the test rows, `block` features at a time."""
    for start in range(0, X.shape[1], block):
        known = X[train, start : start + block].astype(np.float64)
        mean, spread = known.mean(axis=0), known.std(axis=0)
        spread[spread < FLAT] = 1.0
        yield (known - mean) / spread, (X[test, start : start + block] - mean) / spread


def _spanned(X: Float32Array, train: Int64Array, test: Int64Array) -> tuple[Float64Array, Float64Array]:
    """Rows with the same inner products in as many dimensions as there are training rows."""
    inner, across = np.zeros((len(train), len(train))), np.zeros((len(test), len(train)))
    for known, tested in _standardised(X, train, test, block=_BLOCK):
        inner += known @ known.T
        across += tested @ known.T
    factor = factor_of(inner)
    return factor, solve_triangular(factor, across.T, lower=True, check_finite=False).T
