"""Heads: fitting, probabilities over the whole label set, and files that bring a head back without pickling."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from db.errors import LearnerError
from db.store.files import Part
from learner.dataset.statistics import pool_statistics
from learner.heads.linear import LinearHead
from learner.heads.store import HeadFile, StoredHead, delete_old_heads, head_path, load_head, newest_head
from tests.learner.synthetic_projects import made_up_vectors

CLIPS = list(range(60))
X = made_up_vectors(CLIPS)
Y = np.array(CLIPS) % 3 + 10


def test_a_head_is_logistic_regression_on_standardised_features() -> None:
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced")).fit(X.astype(np.float64), Y)
    head = LinearHead(C=0.1).fit(X, Y)
    np.testing.assert_allclose(head.predict_proba(X), pipeline.predict_proba(X.astype(np.float64)), atol=1e-3)
    assert (head.predict(X) == pipeline.predict(X)).all()


def test_with_two_classes_it_is_the_same() -> None:
    two = Y < 12
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced")).fit(X[two], Y[two])
    head = LinearHead(C=0.1).fit(X[two], Y[two])
    np.testing.assert_allclose(head.predict_proba(X), pipeline.predict_proba(X), atol=1e-3)


@pytest.mark.parametrize("features", [1, X.shape[1]], ids=["fewer features than clips", "as made up"])
def test_weights_of_clips_multiply_those_of_classes(features: int) -> None:
    inputs, weights = X[:, :features], np.random.default_rng(3).uniform(0.1, 1, len(Y))
    scaled = StandardScaler().fit_transform(inputs.astype(np.float64))
    model = LogisticRegression(C=0.1, class_weight="balanced").fit(scaled, Y, sample_weight=weights)
    head = LinearHead(C=0.1).fit(inputs, Y, weights)
    np.testing.assert_allclose(head.predict_proba(inputs), model.predict_proba(scaled), atol=1e-3)


def test_a_single_class_is_always_predicted() -> None:
    head = LinearHead().fit(X[:3], np.array([11, 11, 11]))
    assert (head.predict(X) == 11).all()
    assert (head.predict_proba(X) == 1).all()


def test_labels_without_examples_get_probability_zero() -> None:
    head = LinearHead().fit(X[Y != 11], Y[Y != 11])
    probabilities = head.probabilities(X, [12, 11, 10])
    assert (probabilities[:, 1] == 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert probabilities[Y == 10].argmax(axis=1).mean() > 1.5, "columns follow the requested order"


def test_statistics_are_those_of_all_chunks_together() -> None:
    mean, scale = pool_statistics([X[:7], X[7:]], dim=X.shape[1])
    np.testing.assert_allclose(mean, X.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(scale, X.std(axis=0), rtol=1e-4)


def test_a_feature_that_never_changes_does_no_harm() -> None:
    flat = X.copy()
    flat[:, 0] = 7
    assert np.isfinite(LinearHead().fit(flat, Y).predict_proba(flat)).all()


def test_a_stored_head_predicts_the_same(tmp_path: Path) -> None:
    head = LinearHead().fit(X, Y)
    HeadFile(tmp_path, StoredHead(head, [10, 11, 12], ["a", "b", "ç"], 4)).publish(3)
    back = load_head(head_path(tmp_path, 3))
    np.testing.assert_array_equal(back.head.predict_proba(X), head.predict_proba(X))
    assert (back.label_ids, back.label_names, back.feature_set_id) == ([10, 11, 12], ["a", "b", "ç"], 4)
    assert [path.name for path in tmp_path.iterdir()] == ["run_3.npz"], "nothing is left beside it"


def test_a_head_that_does_not_fit_on_the_disk_leaves_nothing_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(LearnerError, match=r"cannot be written .* \(No space left on device\); free space"):
        HeadFile(tmp_path, StoredHead(LinearHead().fit(X, Y), [10, 11, 12], ["a", "b", "c"], 4))
    assert list(tmp_path.iterdir()) == []


def test_a_pickle_in_disguise_is_not_opened(tmp_path: Path) -> None:
    np.savez(head_path(tmp_path, 1), facts=np.array([{}], dtype=object), coef=X, intercept=X, classes=X)
    with pytest.raises(LearnerError, match=r"run_1.npz is missing or damaged; run `earmark learn --once`"):
        load_head(head_path(tmp_path, 1))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04rest", b"no head at all"])
def test_a_damaged_head_is_named(tmp_path: Path, content: bytes) -> None:
    head_path(tmp_path, 1).write_bytes(content)
    with pytest.raises(LearnerError, match=r"run_1.npz is missing or damaged"):
        load_head(head_path(tmp_path, 1))


def test_old_heads_are_deleted_and_heads_of_unknown_runs_are_not_used(tmp_path: Path) -> None:
    for run in range(1, 26):
        head_path(tmp_path, run).write_bytes(b"")
    Part(tmp_path).path.write_bytes(b"half a head of a learner that was killed")
    delete_old_heads(tmp_path)
    assert len(list(tmp_path.iterdir())) == 20
    assert newest_head(tmp_path, up_to=24) == head_path(tmp_path, 24)
    assert newest_head(tmp_path, up_to=5) is None
