"""How many more labels an accuracy will take: laws of learning curves fitted to the curve so far.

An inverse power law, `a - b n^-c`, and the Morgan-Mercer-Flodin law, `a - b / (1 + (n / s)^c)`, both among the best in Mohr,
Viering, Loog, van Rijn 2022, *LCDB 1.0: an extensive learning curves database*. For a given c (and s) both are linear in a and b;
so all shapes of a grid are fitted at once by weighted least squares, to every resample of the curve. A resample takes one shape
by chance, the likelier the better it fits: the spread of what they say contains the doubt about the law as well as that about the
points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Exact = NDArray[np.float64]

LEAST_POINTS, LEAST_GROWTH = 4, 2.5
"""Points, and how many times more labels the last has than the first, below which nothing is said."""
LEAST_LABELS = 20
"""Points with fewer labels are left out: there a head learns to tell labels it has, and later ones to tell them well."""
LEVEL = 0.85
"""Of the interval that is told; simulation says how often it holds."""
FARTHEST = 8.0
"""Times today's labels: as far as anything is said."""
_POWERS = (0.15, 0.25, 0.35, 0.5, 0.7, 1.0, 1.4)
_TURNS, _STEEPNESS = (0.25, 0.5, 1.0, 2.0), (1.0, 1.5, 2.0)
"""The MMF law's s, times today's labels, and c."""
_LEAST_ERROR = 0.01
"""Of a point, in UA: no law is trusted to say more."""
_MOST_EVIDENCE = 8.0
"""Points that count when laws are compared: more of them are no more independent."""
_STEPS = 240
SEED = 2001


@dataclass(frozen=True)
class Laws:
    """One fitted law a resample."""

    today: int
    """Labels of the last point."""
    top: Exact
    drop: Exact
    """a and b, [resamples]."""
    shape: NDArray[np.int64]
    """Row of the grid, [resamples]."""

    @classmethod
    def fitted(cls, labels: Sequence[int], draws: Exact) -> Laws | None:
        """Laws for a curve; None where there are too few points, too near each other.

        Args:
            labels: of each point, ascending.
            draws: its UA as it might as well have been, [points, resamples]; see `SpeakerResamples.draws`.
        """
        n = np.array(labels, dtype=np.float64)
        kept = n >= LEAST_LABELS
        n, draws = n[kept], draws[kept]
        if len(n) < LEAST_POINTS or n[-1] < LEAST_GROWTH * n[0]:
            return None
        today = int(n[-1])
        # The more labels, the less chance there is in which they were.
        weights = n / n.sum()
        fits = [_fitted(weights, shape, draws) for shape in _shapes(n, today)]
        errors = np.stack([error for _, _, error in fits])
        chosen = _by_likelihood(errors, evidence=min(_MOST_EVIDENCE, len(n)))
        draw = np.arange(draws.shape[1])
        top, drop = np.stack([top for top, _, _ in fits]), np.stack([drop for _, drop, _ in fits])
        return cls(today, top[chosen, draw], drop[chosen, draw], chosen)

    def ua_at(self, labels: Exact) -> Exact:
        """UA with these numbers of labels, [resamples, numbers]."""
        shapes = _shapes(np.asarray(labels, dtype=np.float64), self.today)
        found: Exact = self.top[:, None] - self.drop[:, None] * shapes[self.shape]
        return found

    def labels_to(self, target: float) -> Exact:
        """Labels beyond today's at which each law reaches the target UA, [resamples]; 0 if it has, inf if not by `FARTHEST`."""
        numbers = self.today * np.geomspace(1.0, FARTHEST, _STEPS)
        reached = self.ua_at(numbers) >= target
        first = np.where(reached.any(axis=1), reached.argmax(axis=1), _STEPS)
        more: Exact = np.append(numbers - self.today, np.inf)[first]
        return more


def _shapes(n: Exact, today: int) -> Exact:
    """What is left to learn with n labels under each shape of the grid, [shapes, n]; falling from 1 at most to 0."""
    powers = [(n / LEAST_LABELS) ** -c for c in _POWERS]
    turning = [1 / (1 + (n / (s * today)) ** c) for s in _TURNS for c in _STEEPNESS]
    return np.stack([*powers, *turning])


def _fitted(weights: Exact, shape: Exact, draws: Exact) -> tuple[Exact, Exact, Exact]:
    """a, b and the mean squared error for each column of draws [points, resamples]; a is at most 1, b at least 0."""
    mean, level = float(weights @ shape), weights @ draws
    variance = float(weights @ np.square(shape - mean))
    drop = np.maximum(-((weights * (shape - mean)) @ (draws - level)) / max(variance, 1e-12), 0.0)
    top = level + drop * mean
    over = top > 1
    through_one = np.maximum((weights * shape) @ (1 - draws) / float(weights @ np.square(shape)), 0.0)
    top, drop = np.where(over, 1.0, top), np.where(over, through_one, drop)
    return top, drop, weights @ np.square(draws - (top - shape[:, None] * drop))


def _by_likelihood(errors: Exact, *, evidence: float) -> NDArray[np.int64]:
    """A row of errors [shapes, resamples] for each column, by chance, the likelier the smaller the error."""
    least = errors.min(axis=0)
    likelihood = np.exp(-0.5 * evidence * (errors - least) / np.maximum(least, _LEAST_ERROR**2))
    steps = np.cumsum(likelihood / likelihood.sum(axis=0), axis=0)
    thrown = np.random.default_rng(SEED).random(errors.shape[1])
    found: NDArray[np.int64] = np.minimum((steps < thrown).sum(axis=0), len(errors) - 1)
    return found


@dataclass(frozen=True)
class More:
    """How many more labels, with its interval; infinite bounds are not known."""

    value: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether it can be told as a number."""
        return bool(np.isfinite(self.high))


def more_labels(laws: Laws, target: float) -> More:
    """Labels beyond today's to a target UA."""
    more = laws.labels_to(target)
    # Not interpolated: between a number and infinity there is nothing.
    low, value, high = np.quantile(more, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2], method="higher")
    return More(float(value), float(low), float(high))
