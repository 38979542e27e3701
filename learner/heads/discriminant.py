"""Linear discriminant analysis with a ridge on its covariance (Friedman 1989, *Regularized discriminant analysis*).

This head also models how clips of one label differ among themselves. So it separates labels with fewer examples than a head
that only separates the clips it has. All classes weigh the same. The scatter within classes is summed, not averaged, before the
ridge is added; so one ridge suits few labels and many. The shrinkage of Ledoit and Wolf minimises the error of the covariance; it
is far too small to minimise the errors of the head.

With fewer clips than features, everything is computed from the clips' inner products.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from learner.arrays import Float64Array, Int64Array
from learner.heads.logistic import one_thread

RIDGE = 0.4
"""Relative to the mean square distance of a clip from the mean of all clips.

UA with 50, 100, 200 and 400 labels, in brackets that of logistic regression (bundled encoder, random labels, 20 splits, from
`benchmarks.studies.heads`): EmoDB .704 .806 .861 .878 (.702 .789 .844 .858), RAVDESS .444 .559 .637 .686 (.438 .546 .606
.659), ESC-10 .723 .810 .847 (.728 .800 .842). Half or twice the ridge changes UA by .018 at most. Choosing it by
cross-validation over speakers gains nothing.
"""
_LEAST_SPREAD = 0.1
"""Lower bound of a standardised feature's mean square. Two nearly equal clips with different labels show nothing about other
clips."""
_TEMPERATURE, _UNSURE = 2.6, 30.0
"""Scores are divided by a temperature, because normal distributions in a thousand dimensions are far too sure. With `_UNSURE`
labels the temperature is twice as high as with many. The best temperatures with 20, 50, 100 and 400 labels: EmoDB 5.4 3.5 2.7
2.5, ESC-10 6.9 5.6 4.1 4.0, RAVDESS 10 3.9 2.8 2.2."""


def discriminant_weights(
    X: Float64Array, targets: Int64Array, *, weights: Float64Array | None = None, ridge: float = RIDGE
) -> tuple[Float64Array, Float64Array]:
    """Weights [classes, d] and intercepts [classes].

    Args:
        X: standardised features [n, d].
        targets: classes [n], 0 to at least 1, each with an example.
        weights: how much each clip counts, [n]; none stands for 1.
        ridge: see `RIDGE`.
    """
    counts = np.ones(len(X)) if weights is None else weights
    with one_thread(len(X)):
        if len(X) > X.shape[1]:
            members = counts[:, None] * np.eye(int(targets.max()) + 1)[targets]
            coef, intercepts = of_memberships(X, members, dim=X.shape[1], ridge=ridge)
        else:
            shares, _, intercepts = of_products(X @ X.T, targets, counts, dim=X.shape[1], ridge=ridge)
            coef = shares.T @ X
    temperature = temperature_of(counts)
    return coef / temperature, intercepts / temperature


def temperature_of(counts: Float64Array) -> float:
    """The temperature for labelled clips with these weights; scores are divided by it."""
    return _TEMPERATURE * (1 + _UNSURE / float(counts.sum()))


def of_memberships(
    X: Float64Array, members: Float64Array, *, dim: int, ridge: float = RIDGE
) -> tuple[Float64Array, Float64Array]:
    """The same as `discriminant_weights` from features, without the temperature.

    Args:
        X: standardised features, or the coordinates of clips along some of their directions, [n, d].
        members: how much each clip counts as an example of each class, [n, classes].
        dim: how many features there are, d or more.
        ridge: see `RIDGE`.
    """
    totals, counts = members.sum(axis=0), members.sum(axis=1)
    means = (members / totals).T @ X
    middle = means.mean(axis=0)
    apart = means - middle
    importance = (members / (len(means) * totals)).sum(axis=1)
    within = (importance[:, None] * X).T @ X - means.T @ means / len(means)
    share = counts / counts.sum()
    length = float(share @ np.square(X - share @ X).sum(axis=1))
    coef = _solved(within, _on_top(length, counts, ridge, dim), apart.T).T
    return coef, -0.5 * (coef * apart).sum(axis=1) - coef @ middle


def of_products(
    products: Float64Array, targets: Int64Array, counts: Float64Array, *, dim: int, ridge: float = RIDGE
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """The same as `discriminant_weights` from inner products alone, without the temperature.

    Args:
        products: inner products of standardised clips, [n, n].
        targets, counts: classes and how much each clip counts, [n].
        dim: how many features there are.
        ridge: see `RIDGE`.

    Returns:
        Shares of the clips in the weights, [n, classes] (with features X the weights are `shares.T @ X`); scores of the clips
        without intercepts, [n, classes]; intercepts [classes].
    """
    member = np.eye(int(targets.max()) + 1)[targets]
    totals = counts @ member
    averaging = member * (counts / totals[targets])[:, None]
    middle = averaging.mean(axis=1)
    apart = averaging - middle[:, None]
    importance = np.sqrt(counts / (len(totals) * totals[targets]))[:, None]
    share = counts / counts.sum()
    length = float(share @ np.diagonal(products) - share @ products @ share)
    on_top = _on_top(length, counts, ridge, dim)
    # Woodbury's identity gives the inverse of the covariance without computing the covariance.
    # In place: new arrays of this size cost more time than the numbers in them.
    within = (averaging.T @ products)[targets]
    np.subtract(products, within, out=within)
    within *= importance
    system = (within @ averaging)[:, targets]
    np.subtract(within, system, out=system)
    system *= importance.T
    back = importance * _solved(system, on_top, within @ apart)
    shares = (apart - back + averaging @ (member.T @ back)) / on_top
    scores = products @ shares
    return shares, scores, -0.5 * (apart * scores).sum(axis=0) - middle @ scores


def _solved(system: Float64Array, on_top: float, wanted: Float64Array) -> Float64Array:
    """Solve the system with `on_top` added to its diagonal. It is positive semi-definite, and is overwritten."""
    system[np.diag_indices_from(system)] += on_top
    found: Float64Array = cho_solve(cho_factor(system, overwrite_a=True, check_finite=False), wanted, check_finite=False)
    return found


def _on_top(length: float, counts: Float64Array, ridge: float, dim: int) -> float:
    """The ridge. `length` is the mean square distance of the clips from their mean; where the clips are nearly equal, a share of
    that of the pool's clips replaces it.
    """
    return ridge * max(length, _LEAST_SPREAD * dim) / float(counts.sum())
