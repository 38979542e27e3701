"""Query strategies beyond single measures of uncertainty, in modAL's form `(learner, X, n_instances) -> (indices, metrics)`.

They rank what is likely to be served before the next ranking with care, the rest of `n_instances` by their first measure.
Distances are between features as the head standardises them.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learner.heads import LinearHead, Numbers, Vectors

Exact = NDArray[np.float64]
Answer = tuple[Numbers, Exact]

PICKED = 40
"""Clips that are picked one by one; the queue is ranked anew long before so many are answered."""
SHORTLIST = 8
"""Clips on the shortlist for each that is picked from it."""
MEMBERS = 5
"""Heads of the committee."""
_SEED = 20_214


def margins(learner: Any, X: Vectors) -> Exact:
    """How unsure the learner is, [n]: 1 less the difference of the two highest probabilities."""
    top = np.partition(learner.predict_proba(X), -2, axis=1)[:, -2:]
    found: Exact = 1.0 - (top[:, 1] - top[:, 0]).astype(np.float64)
    return found


def standardised(learner: Any, X: Vectors) -> Vectors:
    """X [n, dim] as the learner's head sees it, scaled so that a clip's mean square length is about 1."""
    head: LinearHead = learner.estimator
    mean, scale = (0.0, 1.0) if head.mean is None or head.scale is None else (head.mean, head.scale)
    found: Vectors = ((X - mean) / (scale * np.sqrt(X.shape[1]))).astype(np.float32)
    return found


def committee(learner: Any, X: Vectors, n_instances: int = 1, **options: Any) -> Answer:
    """Where heads trained on bootstrap samples disagree most: modAL's `Committee` and its largest Kullback-Leibler divergence."""
    models, disagreement = importlib.import_module("modAL.models"), importlib.import_module("modAL.disagreement")
    members = [models.ActiveLearner(estimator=head) for head in _bootstrapped(learner)]
    return _highest(np.asarray(disagreement.KL_max_disagreement(models.Committee(members), X), dtype=np.float64), n_instances)


def _bootstrapped(learner: Any) -> list[LinearHead]:
    """Heads for samples of the labelled clips with replacement, label by label, so that every head knows every label."""
    rng = np.random.default_rng(_SEED + len(learner.y_training))
    head, heads = learner.estimator, []
    for _ in range(MEMBERS):
        here = [np.flatnonzero(learner.y_training == label) for label in head.classes_]
        drawn = np.concatenate([rng.choice(rows, len(rows)) for rows in here])
        member = LinearHead(C=head.C, mean=head.mean, scale=head.scale)
        heads.append(member.fit(learner.X_training[drawn], learner.y_training[drawn]))
    return heads


def density_weighted(learner: Any, X: Vectors, n_instances: int = 1, **options: Any) -> Answer:
    """Uncertainty by margin times how like the rest of the pool a clip is: information density (Settles and Craven 2008)."""
    directions = standardised(learner, X)
    directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-9)
    # The mean cosine to all others, from -1 to 1, without a matrix of pairs.
    likeness = (1.0 + directions @ directions.mean(axis=0)) / 2.0
    return _highest(margins(learner, X) * likeness, n_instances)


def margin_diversity(learner: Any, X: Vectors, n_instances: int = 1, **options: Any) -> Answer:
    """The most uncertain of each cluster of a shortlist by margin: k-means weighted by uncertainty (Zhdanov 2019)."""
    unsure = margins(learner, X)
    order = np.argsort(-unsure, kind="stable")
    wanted = min(n_instances, PICKED, len(order))
    shortlist = order[: SHORTLIST * wanted]
    cluster_of = _clusters(standardised(learner, X[shortlist]), unsure[shortlist], wanted)
    # In the order of uncertainty: the first of each cluster.
    firsts = np.unique(cluster_of, return_index=True)[1]
    picked = shortlist[np.sort(firsts)]
    return _picked_first(picked, unsure, n_instances)


def _clusters(rows: Vectors, weights: Exact, count: int) -> Numbers:
    from sklearn.cluster import KMeans

    model = KMeans(n_clusters=min(count, len(rows)), n_init=1, random_state=_SEED, max_iter=30)
    found: Numbers = model.fit(rows, sample_weight=weights + 1e-3).labels_.astype(np.int64)
    return found


def badge(learner: Any, X: Vectors, n_instances: int = 1, **options: Any) -> Answer:
    """Large and different gradients of the head's loss at its own guesses, by k-means++ (BADGE: Ash et al. 2020)."""
    chances = np.asarray(learner.predict_proba(X), dtype=np.float32)
    errors = chances.copy()
    errors[np.arange(len(errors)), chances.argmax(axis=1)] -= 1.0
    inputs = np.concatenate([standardised(learner, X), np.ones((len(X), 1), np.float32)], axis=1)
    # The gradient is the outer product of error and input, so its products are products of theirs.
    size = np.square(errors).sum(axis=1) * np.square(inputs).sum(axis=1)
    rng = np.random.default_rng(_SEED + len(learner.y_training))
    picked = [int(size.argmax())]
    nearest = np.full(len(X), np.inf)
    for _ in range(min(n_instances, PICKED, len(X)) - 1):
        last = picked[-1]
        apart = size + size[last] - 2.0 * (errors @ errors[last]) * (inputs @ inputs[last])
        nearest = np.minimum(nearest, np.maximum(apart, 0.0))
        nearest[picked] = 0.0
        total = nearest.sum()
        if total <= 0:
            break
        picked.append(int(rng.choice(len(X), p=nearest / total)))
    return _picked_first(np.array(picked, dtype=np.int64), size.astype(np.float64), n_instances)


def _highest(values: Exact, n_instances: int) -> Answer:
    order = np.argsort(-values, kind="stable")[:n_instances].astype(np.int64)
    return order, values[order]


def _picked_first(picked: Numbers, values: Exact, n_instances: int) -> Answer:
    """The picked rows in their order, then the others by value."""
    others = np.ones(len(values), dtype=np.bool_)
    others[picked] = False
    rest = np.flatnonzero(others)
    order = np.concatenate([picked, rest[np.argsort(-values[rest], kind="stable")]])[:n_instances].astype(np.int64)
    return order, values[order]
