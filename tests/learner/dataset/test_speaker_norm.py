"""Per-speaker normalisation, as the learner shrinks it and as a probe takes it."""

from __future__ import annotations

import numpy as np
import pytest

from learner.dataset.speaker_norm import AS_THEY_ARE, SHRUNK, SpeakerStatistics, normalised_by_group
from learner.dataset.statistics import pool_statistics


def test_speakers_are_normalised_by_their_own_clips_only() -> None:
    rng = np.random.default_rng(0)
    groups = np.array([0] * 5 + [1] * 6 + [2])
    X = rng.normal(size=(12, 4)).astype(np.float32) * 3 + groups[:, None]
    X[:5, 2] = 7.0
    found = normalised_by_group(X, groups)
    for group in (0, 1):
        np.testing.assert_allclose(found[groups == group].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(found[groups == 1].std(axis=0), 1, atol=1e-5)
    assert (found[:5, 2] == 0).all()
    # A clip alone is seen against all of them.
    np.testing.assert_allclose(found[11], (X[11] - X.mean(axis=0)) / X.std(axis=0), rtol=1e-4)


def test_a_feature_that_does_not_vary_is_centred_and_not_stretched() -> None:
    X = np.random.default_rng(0).normal(size=(600, 2)).astype(np.float32)
    X[:, 1] = 7.0
    found = normalised_by_group(X, np.arange(600) % 3)
    assert (found[:, 1] == 0).all()


def test_the_learner_draws_speakers_of_few_clips_towards_the_pool() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1010, 1)).astype(np.float32)
    X[:10] += 5.0
    speakers = ["few"] * 10 + ["many"] * 1000
    mean, scale = pool_statistics([X], dim=1)
    shift = {
        shrinkage: SpeakerStatistics.of([X], speakers, mean=mean, scale=scale, shrinkage=shrinkage).shift[:, 0]
        for shrinkage in (SHRUNK, AS_THEY_ARE)
    }
    assert shift[AS_THEY_ARE] == pytest.approx([X[:10].mean(), X[10:].mean(), mean[0]], abs=1e-5)
    assert shift[SHRUNK][0] == pytest.approx(10 / 15 * X[:10].mean() + 5 / 15 * mean[0], abs=1e-5)
    assert shift[SHRUNK][1] == pytest.approx(X[10:].mean(), abs=1e-3)
