"""Near-duplicates are not queried together."""

from __future__ import annotations

import numpy as np

from learner.dataset.distances import usual_distance
from learner.query.near_duplicates import NEAR, spread_order


def test_near_duplicates_of_earlier_clips_go_to_the_end() -> None:
    rng = np.random.default_rng(0)
    different = rng.normal(size=(4, 50)).astype(np.float32)
    vectors = different[[0, 1, 0, 2, 1, 3]] + 0.01 * rng.normal(size=(6, 50)).astype(np.float32)
    assert spread_order(vectors).tolist() == [0, 1, 3, 5, 2, 4]


def test_different_clips_keep_their_order() -> None:
    vectors = np.random.default_rng(0).normal(size=(30, 40)).astype(np.float32)
    assert spread_order(vectors).tolist() == list(range(30))


def test_no_clips_are_no_problem() -> None:
    assert spread_order(np.zeros((0, 5), dtype=np.float32)).tolist() == []


def test_what_counts_as_very_similar_follows_the_features() -> None:
    """Features of which all clips have much in common, and features of which they have little."""
    rng = np.random.default_rng(1)
    common = rng.normal(size=60).astype(np.float32)
    for share in (0.0, 5.0):
        vectors = share * common + rng.normal(size=(40, 60)).astype(np.float32)
        vectors[[3, 9]] = vectors[[2, 8]] + 0.1 * rng.normal(size=(2, 60)).astype(np.float32)
        usual = usual_distance(vectors)
        assert usual < 0.05 if share else usual > 0.7
        assert spread_order(vectors, within=NEAR * usual).tolist() == [place for place in range(40) if place not in (3, 9)] + [
            3,
            9,
        ]


def test_copies_of_all_clips_do_not_change_what_is_usual() -> None:
    vectors = np.random.default_rng(2).normal(size=(50, 30)).astype(np.float32)
    assert usual_distance(np.vstack([vectors, vectors])) > 0.8 * usual_distance(vectors)
    assert usual_distance(vectors[:1]) == 0.0
