"""Discriminant analysis, the head for many features: what it must agree with, and when it is used."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from benchmarks.studies import heads
from learner.heads.discriminant import RIDGE, discriminant_weights
from learner.heads.fitting import WIDE, suited
from learner.heads.linear import DISCRIMINANT, LOGISTIC, LinearHead
from learner.simulation.replay import Annotating, replay
from learner.simulation.simulated_project import simulated_project
from tests.learner.synthetic_corpora import blobs

RNG = np.random.default_rng(7)
Y = RNG.integers(0, 4, 60)
X = RNG.normal(size=(60, 90)) + RNG.normal(size=(4, 90))[Y]


def test_it_agrees_with_scikit_learn_at_the_shrinkage_that_equals_the_ridge() -> None:
    coef, intercepts = discriminant_weights(X, Y)

    means = np.stack([X[np.flatnonzero(label == Y)].mean(axis=0) for label in range(4)])
    within = X - means[Y]
    spread = (np.square(within).sum(axis=1) / np.bincount(Y)[Y]).sum() / 4
    ridge = RIDGE * np.square(X - X.mean(axis=0)).sum(axis=1).mean() / len(X)
    shrinkage = ridge / (ridge + spread / X.shape[1])
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage, priors=np.full(4, 0.25)).fit(X, Y)
    new = RNG.normal(size=(500, 90)) + RNG.normal(size=(4, 90))[RNG.integers(0, 4, 500)]
    # Theirs has another scale, and adds the same to every class.
    ours, expected = new @ coef.T + intercepts, theirs.decision_function(new)
    ours, expected = ours - ours.mean(axis=1, keepdims=True), expected - expected.mean(axis=1, keepdims=True)
    assert ours / ours.std() == pytest.approx(expected / expected.std(), abs=1e-8)


def test_a_clip_of_weight_two_counts_as_two_clips() -> None:
    weighed = discriminant_weights(X, Y, weights=np.where(np.arange(60) < 20, 2.0, 1.0))
    twice = discriminant_weights(np.vstack([X, X[:20]]), np.append(Y, Y[:20]))

    assert weighed[0] == pytest.approx(twice[0])
    assert weighed[1] == pytest.approx(twice[1])


def test_the_unit_of_features_does_not_matter() -> None:
    """The ridge is relative: predictions stay the same when all features are a thousand times as large."""
    coef, intercepts = discriminant_weights(X, Y)
    large, large_intercepts = discriminant_weights(1000 * X, Y)

    assert 1000 * large == pytest.approx(coef)
    assert large_intercepts == pytest.approx(intercepts)


def test_one_clip_for_each_label_and_identical_clips_are_no_error() -> None:
    coef, intercepts = discriminant_weights(X[:2], np.array([0, 1]))
    assert ((X[:2] @ coef.T + intercepts).argmax(axis=1) == [0, 1]).all()

    coef, intercepts = discriminant_weights(np.tile(X[0], (7, 1)), np.array([0, 1, 0, 1, 0, 1, 1]))
    assert np.abs(coef).max() < 1e-9
    assert np.abs(intercepts).max() < 1e-9


def test_a_clip_and_its_copy_with_another_label_show_nothing_about_other_clips() -> None:
    rows = np.vstack([X[0], X[0] + 1e-3 * RNG.normal(size=90)]).astype(np.float32)
    head = LinearHead(method=DISCRIMINANT, mean=np.zeros(90, np.float32), scale=np.ones(90, np.float32)).fit(
        rows, np.array([0, 1])
    )

    assert head.predict_proba(X.astype(np.float32)).max() < 0.6


def test_the_weights_are_the_same_with_more_clips_than_features() -> None:
    few = discriminant_weights(X[:, :60], Y)
    # One more feature that is the same for all clips changes how the weights are computed, and nothing else.
    many = discriminant_weights(X[:, :59], Y), discriminant_weights(np.hstack([X[:, :59], np.zeros((60, 1))]), Y)

    assert few[0].shape == (4, 60)
    assert many[0][0] == pytest.approx(many[1][0][:, :59])
    assert many[0][1] == pytest.approx(many[1][1])


def test_a_head_of_this_method_predicts_and_is_surer_with_more_labels() -> None:
    centers = RNG.normal(size=(3, 600))
    y = np.arange(240) % 3
    rows = (RNG.normal(size=(240, 600)) * 4 + centers[y]).astype(np.float32)

    def fitted(count: int) -> LinearHead:
        return LinearHead(method=DISCRIMINANT).fit(rows[:count], y[:count])

    assert (fitted(200).predict(rows[200:]) == y[200:]).mean() > 0.8
    assert fitted(200).predict_proba(rows[200:]).max(axis=1).mean() > fitted(12).predict_proba(rows[200:]).max(axis=1).mean()


@pytest.mark.parametrize(("dim", "method"), [(1536, DISCRIMINANT), (WIDE, DISCRIMINANT), (128, LOGISTIC)])
def test_it_is_used_for_many_features(dim: int, method: str) -> None:
    assert suited(dim=dim) == method


def test_the_query_head_stays_logistic_regression() -> None:
    stage = list(replay(simulated_project(blobs(dim=WIDE), seed=0), Annotating(budget=30), seed=0))[-1]
    used, query = stage.heads.used.head, stage.heads.query.head

    assert used is not None
    assert query is not None
    assert (used.method, query.method) == (DISCRIMINANT, LOGISTIC)
    assert len(stage.heads.query.y) < len(stage.heads.used.y) == 30


def test_heads_are_compared_on_the_same_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "LABELS", (15, 30, 10_000))
    corpus = blobs(dim=2 * 2 * 8, speakers=8, spread=2.5)
    found = [heads.scores((corpus, corpus), 2, seed) for seed in (1, 2, 3)]

    assert [len(seed) for seed in found] == [2, 2, 2]
    assert all(score > 0.4 for seed in found for scores in seed for score in scores.values())
    lines = heads.table({"blobs": found}).splitlines()
    assert lines[0] == "| head | blobs, 15 | blobs, 30 |"
    assert lines[2].startswith(f"| {heads.SHIPPED} | 0.")
    assert len(lines) == 2 + len(found[0][0])
    assert all("±" in line for line in lines[3:])
