"""The head: a linear classifier on frozen features, a scikit-learn estimator.

Features are standardised with the mean and spread of the whole pool, not of the labelled clips. With 20 labels the latter are
mostly noise, and they would change with every label. No label enters the standardisation. It is folded into the weights, so that
scoring is one matrix product.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError

from learner.arrays import Float32Array, Float64Array, Int64Array
from learner.dataset.speaker_norm import NONE
from learner.dataset.statistics import pool_statistics
from learner.heads.logistic import fitted_weights
from learner.heads.self_training import self_trained

LOGISTIC, DISCRIMINANT = "logistic", "discriminant"
"""Methods of a head."""


class LinearHead(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A linear classifier in which all classes weigh the same. With examples of one class only, it always predicts that class.

    Args:
        C: inverse regularisation strength of logistic regression.
        method: `LOGISTIC` regression, or `DISCRIMINANT` analysis.
        mean, scale: statistics [dim] to standardise with; none takes those of the training data.
        normalisation: how the features that it gets are and must be normalised: `NONE` or `SPEAKER`.
        words: whether the vectors of words stand behind those of sound in what it gets.
    """

    classes_: Int64Array
    coef_: Float32Array
    """[classes, dim], for features that are not standardised."""
    intercept_: Float32Array

    def __init__(
        self,
        *,
        C: float = 0.1,
        method: str = LOGISTIC,
        mean: Float32Array | None = None,
        scale: Float32Array | None = None,
        normalisation: str = NONE,
        words: bool = False,
    ) -> None:
        self.C = C
        self.method = method
        self.mean = mean
        self.scale = scale
        self.normalisation = normalisation
        self.words = words

    def fit(
        self, X: Float32Array, y: Int64Array, sample_weight: Float64Array | None = None, *, unlabelled: Float32Array | None = None
    ) -> LinearHead:
        """Fit to vectors [n, dim] and their classes [n]; n is at least 1. Weights [n] multiply those that balance the classes.

        `DISCRIMINANT` learns from unlabelled vectors [m, dim] too.
        """
        mean, scale = (self.mean, self.scale) if self.mean is not None else pool_statistics([X], dim=X.shape[1])
        assert scale is not None
        self.classes_ = np.unique(y)
        self.n_features_in_ = X.shape[1]
        coef, intercept = np.zeros((len(self.classes_), X.shape[1])), np.zeros(len(self.classes_))
        if len(self.classes_) > 1:
            targets = np.searchsorted(self.classes_, y).astype(np.int64)
            inputs = ((X - mean) / scale).astype(np.float64)
            if self.method == DISCRIMINANT:
                others = np.zeros((0, X.shape[1])) if unlabelled is None else ((unlabelled - mean) / scale).astype(np.float64)
                coef, intercept = self_trained(inputs, targets, others, weights=sample_weight)
            else:
                coef, intercept = fitted_weights(inputs, targets, C=self.C, weights=sample_weight)
        self.coef_ = (coef / scale).astype(np.float32)
        self.intercept_ = (intercept - (coef / scale) @ mean.astype(np.float64)).astype(np.float32)
        return self

    def scores(self, X: Float32Array) -> Float32Array:
        """Log-probabilities up to a constant for each row, [n, classes]."""
        if not hasattr(self, "coef_"):
            raise NotFittedError("This head is not fitted; call fit first.")
        found: Float32Array = np.asarray(X, dtype=np.float32) @ self.coef_.T + self.intercept_
        return found

    def predict_proba(self, X: Float32Array) -> Float32Array:
        """Probabilities [n, classes] in the order of `classes_`."""
        return softmax(self.scores(X))

    def predict(self, X: Float32Array) -> Int64Array:
        """The most probable class of each row."""
        found: Int64Array = self.classes_[self.scores(X).argmax(axis=1)]
        return found

    def probabilities(self, X: Float32Array, labels: Sequence[int]) -> Float32Array:
        """Probabilities [n, labels] with a column for each of `labels`; 0 for labels without examples."""
        found = np.zeros((len(X), len(labels)), dtype=np.float32)
        columns = {label: column for column, label in enumerate(labels)}
        found[:, [columns[int(label)] for label in self.classes_]] = self.predict_proba(X)
        return found


def softmax(scores: Float32Array) -> Float32Array:
    """Probabilities from log-probabilities, row by row."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: Float32Array = raised / raised.sum(axis=1, keepdims=True)
    return found
