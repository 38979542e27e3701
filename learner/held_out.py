"""Cross-validation that costs milliseconds: least squares for the head, where what a fit without some clips says of them follows
from one fit with all (the residuals, divided by what the fit leaves of them).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from learner.heads import Numbers, Vectors

Exact = NDArray[np.float64]

_RIDGE = 0.25
"""Regularisation, relative to the mean square of a clip."""
_SURE = 1.0
"""Standard errors above chance from which a head is more than a guess."""


def held_out_scores(inputs: Vectors, y: Numbers, folds: Numbers) -> Exact:
    """Class scores [n, classes] of each clip by least squares on the clips of the other folds; classes weigh the same.

    Args:
        inputs: standardised features [n, dim].
        y: labels [n]; columns are the different ones in ascending order.
        folds: number of each clip's fold, [n].
    """
    classes, targets = np.unique(y, return_inverse=True)
    wanted = np.eye(len(classes))[targets] - 1 / len(classes)
    inner = (inputs @ inputs.T).astype(np.float64)
    size = max(float(np.trace(inner)) / len(inner), 1e-9)
    # A constant as large as a clip stands for the intercept.
    system = inner + size
    system[np.diag_indices_from(system)] += _RIDGE * size * np.bincount(targets)[targets] * len(classes) / len(y)
    inverse = cho_solve(cho_factor(system), np.eye(len(y)))
    residual, found = inverse @ wanted, np.empty_like(wanted)
    for fold in np.unique(folds):
        here = np.flatnonzero(folds == fold)
        found[here] = wanted[here] - np.linalg.solve(inverse[np.ix_(here, here)], residual[here])
    return found


def guesses(inputs: Vectors, y: Numbers, folds: Numbers) -> bool:
    """Whether speakers who were not learned from are told no better than by chance; arguments as `held_out_scores`.

    Too few labels or speakers to say count as no guess.
    """
    classes, targets = np.unique(y, return_inverse=True)
    if len(classes) < 2 or len(np.unique(folds)) < 3:
        return False
    hit = held_out_scores(inputs, y, folds).argmax(axis=1) == targets
    clips = np.bincount(targets)
    recalls = np.bincount(targets, weights=hit) / clips
    chance = 1 / len(classes)
    # Of a head that guesses: the recall of each label is drawn around chance.
    error = np.sqrt((chance * (1 - chance) / clips).sum()) / len(classes)
    return bool(recalls.mean() < chance + _SURE * error)
