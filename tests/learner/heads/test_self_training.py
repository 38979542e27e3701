"""Learning from clips without labels: that it helps, how much they count, and which are never used."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from learner.arrays import Int64Array
from learner.dataset import pool
from learner.dataset.examples import Examples
from learner.dataset.speaker_norm import NONE
from learner.evaluation.cross_fitting import FoldHeads
from learner.features.in_memory import FeaturesInMemory
from learner.heads import fitting
from learner.heads.discriminant import discriminant_weights
from learner.heads.fitting import WIDE, fitted_head
from learner.heads.self_training import LEAST_ANSWERS, MASS, MOST, self_trained
from learner.simulation.simulated_project import SimulatedProject, simulated_project
from tests.learner.synthetic_corpora import blobs


def stretched(rng: np.random.Generator, y: Int64Array) -> np.ndarray:
    """Clips of three labels; they differ most in directions that have nothing to do with the labels."""
    stretch = np.linspace(0.5, 4, 40)
    return np.random.default_rng(0).normal(size=(3, 40))[y] + stretch * rng.normal(size=(len(y), 40))


def right(weights: tuple[np.ndarray, np.ndarray], rows: np.ndarray, y: Int64Array) -> float:
    coef, intercepts = weights
    return float(((rows @ coef.T + intercepts).argmax(axis=1) == y).mean())


def test_clips_without_labels_help_those_with_few() -> None:
    rng = np.random.default_rng(1)
    gains = []
    for _ in range(12):
        y, many, new = np.arange(12) % 3, rng.integers(0, 3, 300), rng.integers(0, 3, 600)
        known, unlabelled, rows = stretched(rng, y), stretched(rng, many), stretched(rng, new)
        gains.append(right(self_trained(known, y, unlabelled), rows, new) - right(discriminant_weights(known, y), rows, new))

    assert np.mean(gains) > 0.04
    assert np.mean(np.array(gains) > 0) > 0.8


def test_without_unlabelled_clips_or_with_very_few_labels_it_is_plain_discriminant_analysis() -> None:
    rng = np.random.default_rng(2)
    y = np.arange(9) % 3
    rows, others = stretched(rng, y), stretched(rng, np.arange(50) % 3)
    few = LEAST_ANSWERS * 3 - 1

    for found, plain in (
        (self_trained(rows, y, others[:0]), discriminant_weights(rows, y)),
        (self_trained(rows[:few], y[:few], others), discriminant_weights(rows[:few], y[:few])),
    ):
        assert (found[0] == plain[0]).all()
        assert (found[1] == plain[1]).all()
    assert not np.allclose(self_trained(rows, y, others)[0], discriminant_weights(rows, y)[0])


def test_the_total_weight_of_unlabelled_clips_is_limited() -> None:
    rng = np.random.default_rng(3)
    y = np.arange(30) % 3
    rows, others = stretched(rng, y), stretched(rng, rng.integers(0, 3, 300))
    assert MASS * len(rows) / len(others) < MOST, "the limit on their total weight applies here"

    once, twice = self_trained(rows, y, others), self_trained(rows, y, np.vstack([others, others]))
    assert once[0] == pytest.approx(twice[0])
    assert once[1] == pytest.approx(twice[1])


def changed(project: SimulatedProject, which: np.ndarray) -> SimulatedProject:
    """Other features for some clips of the pool."""
    corpus = project.pool.features
    vectors = corpus.rows(corpus.clip_ids)
    vectors[which] += 5 * np.random.default_rng(0).normal(size=(int(which.sum()), vectors.shape[1])).astype(np.float32)
    return replace(project, pool=replace(project.pool, features=FeaturesInMemory(corpus.clip_ids, vectors.astype(np.float16))))


def test_a_head_that_is_tested_on_a_fold_learns_nothing_from_its_clips() -> None:
    project = simulated_project(blobs(dim=WIDE, spread=6.0), seed=0)
    folds = project.pool.folds.folds(project.pool.features.clip_ids)
    known = np.flatnonzero(folds != 3)[::4]
    clip_ids = project.pool.features.clip_ids[known]
    y = np.array([project.truth[clip] for clip in clip_ids.tolist()])

    def weights(project: SimulatedProject, held_out_fold: int | None) -> np.ndarray:
        head = FoldHeads(project.pool, C=0.1).trained(Examples.alike(clip_ids, y), held_out_fold=held_out_fold)
        assert head is not None
        return head.coef_

    other = changed(project, folds == 3)
    assert (weights(project, 3) == weights(other, 3)).all()
    assert not np.allclose(weights(project, None), weights(other, None)), "otherwise its clips without labels change the head"


def test_the_same_clips_of_a_large_pool_are_used_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "SAMPLE", 40)
    monkeypatch.setattr(fitting, "MOST_UNLABELLED", 15)
    project = simulated_project(blobs((60, 60, 60), dim=WIDE), seed=0)
    sample = project.pool.sample
    assert len(sample) == len(set(sample.tolist())) == 40
    assert set(sample.tolist()) <= set(project.pool.features.clip_ids.tolist())
    assert (replace(project.pool).sample == sample).all()
    unsorted = np.diff(sample) < 0
    assert 8 < unsorted.sum() < 32, "neighbours in a manifest are not neighbours here"

    clip_ids = np.sort(sample[:12])
    y = np.array([project.truth[clip] for clip in clip_ids.tolist()])
    examples, vectors = Examples.alike(clip_ids, y), project.pool.features.rows(clip_ids)
    used = np.isin(project.pool.features.clip_ids, sample[12 : 12 + 15])
    head = fitted_head(project.pool, examples, vectors, C=0.1, normalisation=NONE)
    beside = changed(project, ~used & ~np.isin(project.pool.features.clip_ids, clip_ids))
    assert (fitted_head(beside.pool, examples, vectors, C=0.1, normalisation=NONE).coef_ == head.coef_).all()


def test_no_label_is_predicted_for_a_clip_that_somebody_called_bad() -> None:
    project = simulated_project(blobs(dim=WIDE, spread=6.0), seed=0)
    all_clips = project.pool.features.clip_ids
    clip_ids, bad = all_clips[::5], all_clips[1::5]
    y = np.array([project.truth[clip] for clip in clip_ids.tolist()])
    vectors = project.pool.features.rows(clip_ids)
    examples = replace(Examples.alike(clip_ids, y), set_aside=bad)
    other = changed(project, np.isin(all_clips, bad))

    def weights(simulated: SimulatedProject, known: Examples) -> np.ndarray:
        return fitted_head(simulated.pool, known, vectors, C=0.1, normalisation=NONE).coef_

    assert (weights(project, examples) == weights(other, examples)).all()
    assert not np.allclose(weights(project, examples), weights(project, Examples.alike(clip_ids, y)))
    assert examples.digest != Examples.alike(clip_ids, y).digest
