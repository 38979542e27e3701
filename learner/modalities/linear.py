"""Predictions of the linear head from sound, from words, or from both side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from learner.arrays import BoolArray, Float32Array, Int64Array
from learner.dataset.statistics import pool_statistics
from learner.heads.fitting import MOST_TOGETHER, MOST_UNLABELLED, suited
from learner.heads.linear import DISCRIMINANT, LinearHead


@dataclass(frozen=True)
class Part:
    """Features of one kind."""

    vectors: Float32Array
    """[n, dim]."""
    known: BoolArray
    """Which rows hold any, [n]. The others get the mean: they are evidence for no label."""
    weight: float = 1.0
    """How far the part spreads the clips, relative to parts of weight 1."""


def predicted(
    parts: Sequence[Part], y: Int64Array, *, labelled: Int64Array, unlabelled: Int64Array, tested: Int64Array, C: float
) -> Int64Array:
    """The classes that the head predicts for the rows `tested`.

    It is the head of a project, with its method for so many features. Features are standardised by the rows that may be learned
    from, labelled or not. A part counts by its weight, however many values it has.

    Args:
        y: classes [n].
        labelled: rows to learn from with their labels.
        unlabelled: further rows of the same speakers.
        C: inverse regularisation strength.
    """
    learned = np.concatenate([labelled, unlabelled[: max(min(MOST_UNLABELLED, MOST_TOGETHER - len(labelled)), 0)]])
    rows = np.concatenate([learned, tested])
    inputs = np.hstack([_standardised(part, rows, learned=len(learned), parts=parts) for part in parts])
    dim = inputs.shape[1]
    method = suited(dim=dim)
    head = LinearHead(C=C, method=method, mean=np.zeros(dim, np.float32), scale=np.ones(dim, np.float32))
    others = inputs[len(labelled) : len(learned)] if method == DISCRIMINANT else None
    head.fit(inputs[: len(labelled)], y[labelled], unlabelled=others)
    return head.predict(inputs[len(learned) :])


def _standardised(part: Part, rows: Int64Array, *, learned: int, parts: Sequence[Part]) -> Float32Array:
    vectors, known = part.vectors[rows], part.known[rows]
    dim = vectors.shape[1]
    mean, scale = pool_statistics([vectors[:learned][known[:learned]]], dim=dim)
    found: Float32Array = (vectors - mean) / scale
    found[~known] = 0.0
    # The mean square of a clip stays what it is with so many standardised features: a part alone is only standardised.
    values, weights = sum(each.vectors.shape[1] for each in parts), sum(each.weight**2 for each in parts)
    return found * np.float32(part.weight * np.sqrt(values / dim / weights))
