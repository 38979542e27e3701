"""Query by committee, with the committee of modAL."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from learner.arrays import Float32Array
from learner.heads.linear import LinearHead
from learner.query.uncertainty import SEED, Selection, highest

MEMBERS = 5
"""Heads of the committee."""


def committee(learner: Any, X: Float32Array, n_instances: int = 1, **options: Any) -> Selection:
    """Clips on which heads trained on bootstrap samples disagree most, by modAL's `Committee` and its largest Kullback-Leibler
    divergence.
    """
    models, disagreement = importlib.import_module("modAL.models"), importlib.import_module("modAL.disagreement")
    members = [models.ActiveLearner(estimator=head) for head in _bootstrapped(learner)]
    return highest(np.asarray(disagreement.KL_max_disagreement(models.Committee(members), X), dtype=np.float64), n_instances)


def _bootstrapped(learner: Any) -> list[LinearHead]:
    """Heads for samples of the labelled clips with replacement, drawn label by label so that each has examples of every label."""
    rng = np.random.default_rng(SEED + len(learner.y_training))
    head, heads = learner.estimator, []
    for _ in range(MEMBERS):
        here = [np.flatnonzero(learner.y_training == label) for label in head.classes_]
        drawn = np.concatenate([rng.choice(rows, len(rows)) for rows in here])
        member = LinearHead(C=head.C, mean=head.mean, scale=head.scale)
        heads.append(member.fit(learner.X_training[drawn], learner.y_training[drawn]))
    return heads
