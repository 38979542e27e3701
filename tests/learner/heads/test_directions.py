"""Learning in the largest directions while labels are few."""

from __future__ import annotations

import numpy as np
import pytest

from learner.arrays import Float64Array, Int64Array
from learner.heads.directions import ENOUGH_LABELS, FEWEST, directions_for, principal_points
from learner.heads.self_training import self_trained

RNG = np.random.default_rng(5)


@pytest.mark.parametrize(
    ("labels", "directions"), [(10, FEWEST), (26, FEWEST), (40, 60), (ENOUGH_LABELS - 1, 148), (ENOUGH_LABELS, None), (900, None)]
)
def test_more_labels_bring_more_directions_and_enough_labels_all(labels: int, directions: int | None) -> None:
    assert directions_for(labels, dim=1536, clips=1000 + labels) == directions


def test_where_there_are_no_more_directions_all_are_used() -> None:
    assert directions_for(60, dim=90, clips=1000) is None
    assert directions_for(60, dim=1536, clips=90) is None
    assert directions_for(60, dim=1536, clips=1000, enough=0) is None


def test_points_along_the_directions_keep_most_of_the_clips() -> None:
    X = RNG.normal(size=(80, 300)) * np.geomspace(10, 0.1, 300)
    points, sums = principal_points(X @ X.T, 12)

    left, _, right = np.linalg.svd(X, full_matrices=False)
    assert points.shape == sums.shape == (80, 12)
    assert points == pytest.approx(X @ (sums.T @ X).T)
    assert np.allclose(sums.T @ X @ X.T @ sums, np.eye(12))
    assert np.abs((sums.T @ X) @ right[:12].T).sum() == pytest.approx(12, abs=1e-6)
    assert np.square(points).sum() == pytest.approx(np.square((left.T @ X)[:12]).sum())


def test_identical_clips_have_no_more_directions_than_there_are() -> None:
    points, _ = principal_points(np.full((30, 30), 7.0), 10)
    assert points.shape == (30, 1)


def test_few_labels_are_enough_where_the_labels_lie_in_the_largest_directions() -> None:
    """As with encoders that know much: hundreds of small directions in which clips of one label differ by chance."""
    rng = np.random.default_rng(5)
    size = np.concatenate([np.full(8, 4.0), np.full(600, 1.2)])
    centers = np.concatenate([rng.normal(size=(4, 8)) * 4, np.zeros((4, 600))], axis=1)

    def clips(y: Int64Array) -> Float64Array:
        return centers[y] + size * rng.normal(size=(len(y), 608))

    gains = []
    for _ in range(6):
        y, others, new = np.arange(12) % 4, rng.integers(0, 4, 300), rng.integers(0, 4, 400)
        known, unlabelled, rows = clips(y), clips(others), clips(new)
        few, whole = (self_trained(known, y, unlabelled, enough=enough) for enough in (ENOUGH_LABELS, 0))
        hits, before = ((rows @ coef.T + intercepts).argmax(axis=1) == new for coef, intercepts in (few, whole))
        gains.append(hits.mean() - before.mean())

    assert np.mean(gains) > 0.03
