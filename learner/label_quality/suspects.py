"""Which labels are probably wrong: those to which a head trained without the clip and its speaker gives little probability.

Self-confidence, the ranking of confident learning that did best here (Northcutt, Jiang, Chuang 2021, *Confident Learning:
Estimating Uncertainty in Dataset Labels*), as cleanlab implements it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from cleanlab.rank import get_label_quality_scores

from learner.arrays import Float64Array, Int64Array

STRENGTH = 0.01
"""Inverse regularisation of the heads that judge labels: less than the head in use has, so that a wrong label affects them less.

Share of wrong labels found in the first 30% (EmoDB, 300 labels, 20% wrong, 5 seeds): .907 with .01, .853 with .1, .813 with 1.
By normalised margin: .870, .800, .723; with thresholds per label: .883, .833, .717.
"""


@dataclass(frozen=True)
class Suspect:
    """A label that may be wrong."""

    clip_id: int
    label_id: int
    score: float
    """From 0 (most suspicious) to 1."""
    likely_id: int
    """The label that the head finds likeliest."""


def label_scores(given: Int64Array, probabilities: Float64Array) -> Float64Array:
    """How good each given label is, [n] from 0 to 1.

    Args:
        given: positions of the given labels among the columns.
        probabilities: out of fold, [n, labels].
    """
    return np.asarray(get_label_quality_scores(given, probabilities, method="self_confidence"), dtype=np.float64)


def suspects(clip_ids: Int64Array, y: Int64Array, probabilities: Float64Array, label_ids: Sequence[int]) -> list[Suspect]:
    """All clips, most suspicious label first; empty with fewer than two labels to separate.

    Args:
        y: label ids of the clips.
        probabilities: out of fold, a column for each of `label_ids`.
    """
    if len(np.unique(y)) < 2:
        return []
    column = {label: position for position, label in enumerate(label_ids)}
    given = np.array([column[int(label)] for label in y], dtype=np.int64)
    scores = label_scores(given, probabilities)
    likely = probabilities.argmax(axis=1)
    order = np.argsort(scores, kind="stable")
    return [Suspect(int(clip_ids[row]), int(y[row]), float(scores[row]), int(label_ids[likely[row]])) for row in order]
