"""Multinomial logistic regression for many fits: the answers of scikit-learn's `LogisticRegression`, five to ten times as fast.

Two things make it so. With more features than clips the weights lie in the span of the clips, so a Cholesky factor of the clips'
inner products stands for their features, exactly. And L-BFGS is given the curvature that the loss has where it starts (all
classes equally likely, as in Böhning 1992), which leaves it some twenty steps instead of hundreds.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize

Numbers = NDArray[np.int64]
Exact = NDArray[np.float64]
Point = np.ndarray[tuple[int], np.dtype[np.float64]]

STRENGTH = 0.01
"""C of the reference figures."""
_BLOCK = 1024
"""Features that are standardised at a time: all of them at once in float64 would be large."""
_FLAT = 1e-6
"""A feature that varies less than this is centred and not stretched."""
_TOLERANCE, _MOST_STEPS = 1e-6, 300
_RIDGE = 1e-9
"""Keeps inner products of identical clips factorisable; relative to their mean square, far below the regularisation."""


def predictions(X: NDArray[np.float32], y: Numbers, *, train: Numbers, test: Numbers, C: float = STRENGTH) -> Numbers:
    """Classes [len(test)] told for the rows `test` by a regression on the rows `train`.

    Features are standardised with mean and spread of the training rows, and classes weigh the same. With one class to learn from
    that one is told, with none -1.

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
    weights = _solved(np.concatenate([inputs, np.ones((len(inputs), 1))], axis=1), targets, C=C)
    scores = _scores(tested @ weights[:-1] + weights[-1])
    found: Numbers = classes[scores.argmax(axis=1)].astype(np.int64)
    return found


def _standardised(X: NDArray[np.float32], train: Numbers, test: Numbers, *, block: int) -> Iterator[tuple[Exact, Exact]]:
    """The training and the test rows, `block` features at a time."""
    for start in range(0, X.shape[1], block):
        known = X[train, start : start + block].astype(np.float64)
        mean, spread = known.mean(axis=0), known.std(axis=0)
        spread[spread < _FLAT] = 1.0
        yield (known - mean) / spread, (X[test, start : start + block] - mean) / spread


def _spanned(X: NDArray[np.float32], train: Numbers, test: Numbers) -> tuple[Exact, Exact]:
    """Rows with the same inner products in as many dimensions as there are training rows."""
    inner, across = np.zeros((len(train), len(train))), np.zeros((len(test), len(train)))
    for known, tested in _standardised(X, train, test, block=_BLOCK):
        inner += known @ known.T
        across += tested @ known.T
    inner[np.diag_indices_from(inner)] += _RIDGE * max(np.trace(inner) / len(inner), 1.0)
    factor = cholesky(inner, lower=True, overwrite_a=True, check_finite=False)
    return factor, solve_triangular(factor, across.T, lower=True, check_finite=False).T


def _solved(inputs: Exact, targets: Numbers, *, C: float) -> Exact:
    """Weights [d, classes], or [d, 1] for the second of two classes; the last input, a constant, is not regularised."""
    clips, classes = len(inputs), int(targets.max()) + 1
    importance = (clips / (classes * np.bincount(targets)))[targets, None]
    penalty = np.full((inputs.shape[1], 1), 1 / C)
    penalty[-1] = 0.0
    # Of two classes the second alone has weights, as in scikit-learn.
    free = slice(1, 2) if classes == 2 else slice(0, classes)
    count = 1 if classes == 2 else classes
    wanted = np.eye(classes)[targets]
    curvature = (inputs.T * (importance[:, 0] / (4 if classes == 2 else classes))) @ inputs
    curvature[np.diag_indices_from(curvature)] += penalty[:, 0]
    root = cholesky(curvature, overwrite_a=True, check_finite=False)

    def weights_of(point: Point) -> Exact:
        found: Exact = solve_triangular(root, point.reshape(-1, count), check_finite=False)
        return found

    def loss(point: Point) -> tuple[float, Point]:
        weights = weights_of(point)
        scores = _scores(inputs @ weights)
        scores -= scores.max(axis=1, keepdims=True)
        chances = np.exp(scores)
        total = chances.sum(axis=1, keepdims=True)
        missed = importance * (np.log(total) - (scores * wanted).sum(axis=1, keepdims=True))
        slope = inputs.T @ (importance * (chances / total - wanted))[:, free] + penalty * weights
        value = missed.sum() + 0.5 * (penalty * weights**2).sum()
        return float(value) / clips, solve_triangular(root, slope, trans="T", check_finite=False).ravel() / clips

    start: Point = np.zeros(inputs.shape[1] * count)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"gtol": _TOLERANCE, "ftol": 0.0, "maxiter": _MOST_STEPS})
    return weights_of(found.x)


def _scores(told: Exact) -> Exact:
    """Scores with a column a class: of two classes the first has none of its own, and counts as 0."""
    return told if told.shape[1] > 1 else np.concatenate([np.zeros_like(told), told], axis=1)
