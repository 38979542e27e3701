"""The fast regression answers as scikit-learn's does, with more clips than features and with fewer."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from learner.probing.split_predictions import predictions


def blobs(clips: int, dim: int, classes: int, *, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Overlapping classes of unequal size, with features on different scales that go together."""
    rng = np.random.default_rng(seed)
    y = rng.choice(classes, size=clips, p=np.arange(1, classes + 1) / np.arange(1, classes + 1).sum()).astype(np.int64)
    hidden = rng.normal(size=(classes, 8))[y] * 0.5 + rng.normal(size=(clips, 8))
    X = hidden @ rng.normal(size=(8, dim)) + 0.5 * rng.normal(size=(clips, dim))
    return (X * rng.uniform(0.01, 30, dim) + rng.normal(size=dim) * 5).astype(np.float32), y


def by_sklearn(
    X: NDArray[np.float32], y: NDArray[np.int64], train: NDArray[np.int64], test: NDArray[np.int64], C: float
) -> NDArray[np.int64]:
    scaler = StandardScaler().fit(X[train].astype(np.float64))
    model = LogisticRegression(C=C, class_weight="balanced", max_iter=100_000, tol=1e-10)
    model.fit(scaler.transform(X[train].astype(np.float64)), y[train])
    found: NDArray[np.int64] = model.predict(scaler.transform(X[test].astype(np.float64)))
    return found


@pytest.mark.parametrize(("clips", "dim"), [(240, 12), (120, 700), (150, 900), (101, 100)])
@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("C", [0.01, 1.0])
def test_the_same_answers_as_scikit_learn(clips: int, dim: int, classes: int, C: float) -> None:
    X, y = blobs(clips, dim, classes)
    rows = np.random.default_rng(1).permutation(clips)
    train, test = rows[: clips // 2], rows[clips // 2 :]
    assert np.array_equal(predictions(X, y, train=train, test=test, C=C), by_sklearn(X, y, train, test, C))


def test_identical_clips_and_features_that_never_vary_do_no_harm() -> None:
    X, y = blobs(60, 200, 3)
    X[10], X[:, 5] = X[11], 4.0
    train, test = np.arange(40), np.arange(40, 60)
    assert np.array_equal(predictions(X, y, train=train, test=test), by_sklearn(X, y, train, test, 0.01))


def test_labels_that_training_lacks_are_never_told() -> None:
    X, y = blobs(80, 10, 4)
    train, test = np.flatnonzero(y != 2), np.flatnonzero(y == 2)
    assert set(predictions(X, y, train=train, test=test).tolist()) <= {0, 1, 3}
    alone = np.flatnonzero(y == 1)
    assert set(predictions(X, y, train=alone, test=test).tolist()) == {1}
    assert set(predictions(X, y, train=alone[:0], test=test).tolist()) == {-1}
