"""How many more labels an accuracy will take: laws of learning curves fitted to the curve so far.

An inverse power law, `a - b n^-c`, and the Morgan-Mercer-Flodin law, `a - b / (1 + (n / s)^c)`, both among the best in Mohr,
Viering, Loog, van Rijn 2022, *LCDB 1.0: an extensive learning curves database*. For a given c (and s) both are linear in a and b;
so all shapes of a grid are fitted at once by weighted least squares, to every resample of the curve. Each resample draws one
shape at random, with a higher probability the better it fits. So the spread of the forecasts contains the uncertainty about the
law as well as that about the points.

No curve follows its law exactly: the next head predicts other clips of the slice correctly than the last one. So the accuracy to
be measured is the law plus a random walk in the logarithm of labels. The size of the walk comes from simulated projects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from learner.arrays import Float64Array, Int64Array

LEAST_POINTS, LEAST_GROWTH = 4, 2.5
"""A forecast needs so many points, and so many times more labels at the last point than at the first."""
LEAST_LABELS = 20
"""Points with fewer labels are left out: there heads begin to separate labels, and later heads learn to separate them well."""
LEVEL = 0.8
"""Level of the reported interval; simulation measures how often it holds."""
FARTHEST = 8.0
"""Times today's labels: how far a forecast reaches."""
_WOBBLE, _DRIFT = 0.02, 0.1
"""How far a curve is off its law, as variances on a slice of one clip: a constant, and one for each time labels grow e-fold.

Chosen on 64 simulated projects of EmoDB, RAVDESS and ESC-10 under four strategies, not the projects of docs/benchmarks.md.
Without them intervals for 85% held 61 to 68% of later accuracies."""
_POWERS = (0.15, 0.25, 0.35, 0.5, 0.7, 1.0, 1.4)
_TURNS, _STEEPNESS = (0.25, 0.5, 1.0, 2.0), (1.0, 1.5, 2.0)
"""The MMF law's s, times today's labels, and c."""
_LEAST_ERROR = 0.01
"""Error of a point, in UA: no law is trusted to be more exact."""
_MOST_EVIDENCE = 8.0
"""At most so many points count when laws are compared: further points are not independent."""
_STEPS = 40
SEED = 2001


@dataclass(frozen=True)
class Laws:
    """One fitted law for each resample."""

    today: int
    """Labels of the last point."""
    top: Float64Array
    drop: Float64Array
    """a and b, [resamples]."""
    shape: Int64Array
    """Row of the grid, [resamples]."""
    clips: float
    """Of the slice that the curve is measured on; see `worth_of`."""

    @classmethod
    def fitted(cls, labels: Sequence[int], draws: Float64Array, *, clips: float) -> Laws | None:
        """Laws for a curve; None where there are too few points, or they are too close together.

        Args:
            labels: of each point, ascending.
            draws: its resampled UA, [points, resamples]; see `SpeakerResamples.draws`.
            clips: of the slice; see `worth_of`.
        """
        n = np.array(labels, dtype=np.float64)
        kept = n >= LEAST_LABELS
        n, draws = n[kept], draws[kept]
        if len(n) < LEAST_POINTS or n[-1] < LEAST_GROWTH * n[0]:
            return None
        today = int(n[-1])
        # The more labels a point has, the less it depends on which clips they are of.
        weights = n / n.sum()
        fits = [_fitted(weights, shape, draws) for shape in _shapes(n, today)]
        errors = np.stack([error for _, _, error in fits])
        chosen = _by_likelihood(errors, evidence=min(_MOST_EVIDENCE, len(n)))
        draw = np.arange(draws.shape[1])
        top, drop = np.stack([top for top, _, _ in fits]), np.stack([drop for _, drop, _ in fits])
        return cls(today, top[chosen, draw], drop[chosen, draw], chosen, clips)

    def ua_at(self, labels: Float64Array) -> Float64Array:
        """UA with these numbers of labels, [resamples, numbers]."""
        shapes = _shapes(np.asarray(labels, dtype=np.float64), self.today)
        found: Float64Array = self.top[:, None] - self.drop[:, None] * shapes[self.shape]
        return found

    def seen_at(self, labels: Float64Array) -> Float64Array:
        """UA as it may be measured on the slice at these numbers of labels, ascending, from today's on: [resamples, numbers]."""
        rng = np.random.default_rng(SEED)
        law = self.ua_at(labels)
        grown = np.diff(np.log(np.maximum(labels, self.today)), prepend=np.log(self.today))
        walk = np.cumsum(rng.standard_normal(law.shape) * np.sqrt(_DRIFT * grown / self.clips), axis=1)
        found: Float64Array = law + walk + rng.standard_normal((len(law), 1)) * np.sqrt(_WOBBLE / self.clips)
        return found


def worth_of(clips: Int64Array) -> float:
    """How many clips of evenly spread labels measure the UA as exactly as these numbers of clips per label; 0 for none."""
    present = clips[clips > 0]
    return float(np.square(len(present)) / (1.0 / present).sum()) if len(present) else 0.0


def _shapes(n: Float64Array, today: int) -> Float64Array:
    """What is left to learn with n labels under each shape of the grid, [shapes, n]; falling from 1 at most to 0."""
    powers = [(n / LEAST_LABELS) ** -c for c in _POWERS]
    turning = [1 / (1 + (n / (s * today)) ** c) for s in _TURNS for c in _STEEPNESS]
    return np.stack([*powers, *turning])


def _fitted(weights: Float64Array, shape: Float64Array, draws: Float64Array) -> tuple[Float64Array, Float64Array, Float64Array]:
    """a, b and the mean squared error for each column of draws [points, resamples]; a is at most 1, b at least 0."""
    mean, level = float(weights @ shape), weights @ draws
    variance = float(weights @ np.square(shape - mean))
    drop = np.maximum(-((weights * (shape - mean)) @ (draws - level)) / max(variance, 1e-12), 0.0)
    top = level + drop * mean
    over = top > 1
    through_one = np.maximum((weights * shape) @ (1 - draws) / float(weights @ np.square(shape)), 0.0)
    top, drop = np.where(over, 1.0, top), np.where(over, through_one, drop)
    return top, drop, weights @ np.square(draws - (top - shape[:, None] * drop))


def _by_likelihood(errors: Float64Array, *, evidence: float) -> Int64Array:
    """A random row of errors [shapes, resamples] for each column, with a higher probability the smaller the error."""
    least = errors.min(axis=0)
    likelihood = np.exp(-0.5 * evidence * (errors - least) / np.maximum(least, _LEAST_ERROR**2))
    steps = np.cumsum(likelihood / likelihood.sum(axis=0), axis=0)
    thrown = np.random.default_rng(SEED).random(errors.shape[1])
    found: Int64Array = np.minimum((steps < thrown).sum(axis=0), len(errors) - 1)
    return found


@dataclass(frozen=True)
class Course:
    """The accuracy from today on, over continuations of the curve: more labels [numbers], and for each the quantiles of UA."""

    more: Float64Array
    """Labels beyond today's, from 0 on, ascending."""
    low: Float64Array
    middle: Float64Array
    high: Float64Array
    """None of the three ever falls."""


def course_of(laws: Laws, *, most: int, at: int) -> Course:
    """What is expected at each number of labels: the middle of the laws, and bounds of what may be measured then.

    An accuracy counts as reached only if it stays. So the lower bound at a number of labels is the lowest from there on, and the
    upper bound the highest up to there.

    On 128 moments of simulated projects (EmoDB and ESC-10) the bounds held 82% of all later accuracies and 87% of those with a
    quarter more labels. It starts where the laws are today, not at the newest measured accuracy: from there, what was measured
    later was .043 off on average instead of .039.

    Args:
        most: labels beyond today's that are looked at, at least 1 and at most `FARTHEST` times today's.
        at: a number of labels beyond today's, at most `most`, that is one of the numbers.
    """
    numbers = np.unique(np.append(np.round(np.geomspace(laws.today, laws.today + most, _STEPS)), laws.today + at))
    law, seen = laws.ua_at(numbers), laws.seen_at(numbers)
    # Today's level is known: only what is measured later is off it.
    seen[:, 0] = law[:, 0]
    middle = np.maximum.accumulate(np.median(law, axis=0))
    low, high = np.quantile(seen, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    low = np.minimum(np.minimum.accumulate(low[::-1])[::-1], middle)
    high = np.maximum(np.maximum.accumulate(high), middle)
    return Course(numbers - laws.today, *np.clip([low, middle, high], 0.0, 1.0))
