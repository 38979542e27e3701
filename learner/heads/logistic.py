"""Multinomial logistic regression for many fits: the result of scikit-learn's `LogisticRegression`, in a fraction of the time.

With 1,536 features and 200 clips it takes a thirteenth of the time (EmoDB) or less (RAVDESS), with 800 clips a quarter.

Two things make it fast. With more features than clips the weights lie in the span of the clips; so a Cholesky factor of the
clips' inner products replaces their features exactly. And L-BFGS starts with the curvature of the loss at its starting point (all
classes equally likely, as in Böhning 1992); so it takes some twenty steps instead of hundreds.
"""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager, nullcontext

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize
from threadpoolctl import ThreadpoolController

from learner.arrays import Float64Array, Int64Array

Point = np.ndarray[tuple[int], np.dtype[np.float64]]

_MOST_STEPS = 300
_HEAD_TOLERANCE = 1e-5
"""Of the gradient of a head's loss. It saves half of the steps; probabilities are within 0.01 of the optimum, and one prediction
in a thousand differs."""
_FEW = 2000
_RIDGE = 1e-9
"""Makes inner products of identical clips factorisable. Relative to their mean square; far below the regularisation."""


def fitted_weights(
    X: Float64Array, targets: Int64Array, *, C: float, weights: Float64Array | None = None
) -> tuple[Float64Array, Float64Array]:
    """Weights [classes, d] and intercepts [classes]. All classes weigh the same. With two classes the scores are opposite.

    Args:
        X: standardised features [n, d].
        targets: classes [n], 0 to at least 1, each with an example.
        C: inverse regularisation strength, as in scikit-learn.
        weights: how much each clip counts, [n]; none stands for 1, as in scikit-learn.
    """
    with one_thread(len(X)):
        found, intercepts = _solution(X, targets, C=C, weights=weights)
    if found.shape[1] == 1:
        return np.vstack([-found.T, found.T]) / 2, np.concatenate([-intercepts, intercepts]) / 2
    return found.T, intercepts


def _solution(
    X: Float64Array, targets: Int64Array, *, C: float, weights: Float64Array | None
) -> tuple[Float64Array, Float64Array]:
    """Weights [d, classes or 1] and intercepts."""
    if X.shape[1] <= len(X):
        found = solved(with_constant(X), targets, C=C, tolerance=_HEAD_TOLERANCE, clip_weights=weights)
        return found[:-1], found[-1]
    factor = factor_of(X @ X.T)
    found = solved(with_constant(factor), targets, C=C, tolerance=_HEAD_TOLERANCE, clip_weights=weights)
    return X.T @ solve_triangular(factor, found[:-1], lower=True, trans="T", check_finite=False), found[-1]


@functools.cache
def _threads() -> ThreadpoolController:
    return ThreadpoolController()


def one_thread(clips: int) -> AbstractContextManager[object]:
    """A context for sums over so many clips. Few clips use one thread: waking other threads, which then wait for work at full
    speed, costs more than it gains.
    """
    return _threads().limit(limits=1) if clips < _FEW else nullcontext()


def factor_of(inner: Float64Array) -> Float64Array:
    """Lower Cholesky factor of inner products [n, n], which it overwrites."""
    inner[np.diag_indices_from(inner)] += _RIDGE * max(np.trace(inner) / len(inner), 1.0)
    found: Float64Array = cholesky(inner, lower=True, overwrite_a=True, check_finite=False)
    return found


def with_constant(inputs: Float64Array) -> Float64Array:
    """The inputs and one more, which is 1 for all clips."""
    return np.concatenate([inputs, np.ones((len(inputs), 1))], axis=1)


def solved(
    inputs: Float64Array, targets: Int64Array, *, C: float, tolerance: float = 1e-6, clip_weights: Float64Array | None = None
) -> Float64Array:
    """Weights [d, classes], or [d, 1] for the second of two classes; the last input, a constant, is not regularised."""
    clips, classes = len(inputs), int(targets.max()) + 1
    counts = np.ones(clips) if clip_weights is None else clip_weights
    importance = (counts * (counts.sum() / (classes * np.bincount(targets, weights=counts)))[targets])[:, None]
    penalty = np.full((inputs.shape[1], 1), 1 / C)
    penalty[-1] = 0.0
    # With two classes only the second has weights, as in scikit-learn.
    free = slice(1, 2) if classes == 2 else slice(0, classes)
    count = 1 if classes == 2 else classes
    wanted = np.eye(classes)[targets]
    curvature = (inputs.T * (importance[:, 0] / (4 if classes == 2 else classes))) @ inputs
    curvature[np.diag_indices_from(curvature)] += penalty[:, 0]
    # Inverted once: in each step a product costs a third of solving with the factor.
    inverse = solve_triangular(
        cholesky(curvature, overwrite_a=True, check_finite=False), np.eye(len(curvature)), check_finite=False
    )

    def weights_of(point: Point) -> Float64Array:
        found: Float64Array = inverse @ point.reshape(-1, count)
        return found

    def loss(point: Point) -> tuple[float, Point]:
        weights = weights_of(point)
        scores = scores_of(inputs @ weights)
        scores -= scores.max(axis=1, keepdims=True)
        chances = np.exp(scores)
        total = chances.sum(axis=1, keepdims=True)
        missed = importance * (np.log(total) - (scores * wanted).sum(axis=1, keepdims=True))
        slope = inputs.T @ (importance * (chances / total - wanted))[:, free] + penalty * weights
        value = missed.sum() + 0.5 * (penalty * weights**2).sum()
        return float(value) / clips, (inverse.T @ slope).ravel() / clips

    start: Point = np.zeros(inputs.shape[1] * count)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"gtol": tolerance, "ftol": 0.0, "maxiter": _MOST_STEPS})
    return weights_of(found.x)


def scores_of(weighted: Float64Array) -> Float64Array:
    """Scores with a column for each class. With two classes, `weighted` has one column; the score of the first class is 0."""
    return weighted if weighted.shape[1] > 1 else np.concatenate([np.zeros_like(weighted), weighted], axis=1)
