"""Which of two kinds of inputs predicts held-out speakers better, by cross-validation on a few labels.

It uses least squares in place of the head. The predictions of a fit without some clips then follow from one fit with all clips
(the residuals, divided by one minus the leverage). So a decision takes milliseconds, and every fold of the evaluation can make
its own. A decision depends only on features and on the labels it is given; nothing is kept from earlier ones.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from learner.arrays import Float32Array, Float64Array, Int64Array
from learner.dataset.folds import held_out_in_turn

MOST_LABELS = 400
"""Of more labelled clips, only so many are used, drawn by hash: they are enough for a clear decision."""
_RIDGE = 0.25
"""Regularisation, relative to the mean square of a clip."""


def some(clip_ids: Int64Array) -> Int64Array:
    """Positions of at most MOST_LABELS clips, drawn by a hash of the clip id and not by position."""
    if len(clip_ids) <= MOST_LABELS:
        return np.arange(len(clip_ids))
    hashes = (clip_ids.astype(np.uint64) * np.uint64(2654435761)) % np.uint64(2**32)
    return np.sort(np.argsort(hashes, kind="stable")[:MOST_LABELS])


def held_out_scores(inputs: Float32Array, y: Int64Array, folds: Int64Array) -> Float64Array:
    """Class scores [n, classes] of each clip by least squares on the clips of the other folds; classes weigh the same."""
    classes, targets = np.unique(y, return_inverse=True)
    wanted = np.eye(len(classes))[targets] - 1 / len(classes)
    inner = (inputs @ inputs.T).astype(np.float64)
    size = max(float(np.trace(inner)) / len(inner), 1e-9)
    # The intercept is a constant feature as large as a clip.
    system = inner + size
    system[np.diag_indices_from(system)] += _RIDGE * size * np.bincount(targets)[targets] * len(classes) / len(y)
    inverse = cho_solve(cho_factor(system), np.eye(len(y)))
    residual, found = inverse @ wanted, np.empty_like(wanted)
    for _, held_out in held_out_in_turn(folds):
        here = np.flatnonzero(held_out)
        found[here] = wanted[here] - np.linalg.solve(inverse[np.ix_(here, here)], residual[here])
    return found


def is_better(with_it: Float64Array, without: Float64Array, y: Int64Array, *, least_gain: float, least_hits: float) -> bool:
    """Whether the scores `with_it` [n, classes] of the classes y [n] are better than those `without`.

    The squared error shows with 30 labels what the number of correct predictions shows with 200.

    Args:
        least_gain: so many standard errors the squared error must fall.
        least_hits: so many standard errors the correct predictions must rise; a negative number lets chance cost some.
    """
    classes, targets = np.unique(y, return_inverse=True)
    wanted = np.eye(len(classes))[targets] - 1 / len(classes)
    importance = 1 / np.bincount(targets)[targets]
    gain = importance * (np.square(without - wanted).sum(axis=1) - np.square(with_it - wanted).sum(axis=1))
    hits = importance * ((with_it.argmax(axis=1) == targets).astype(float) - (without.argmax(axis=1) == targets))
    return _in_errors(gain) > least_gain and _in_errors(hits) > least_hits


def _in_errors(gains: Float64Array) -> float:
    """The sum of the gains in units of its standard error."""
    return float(gains.sum() / max(np.sqrt(np.square(gains).sum()), 1e-12))
