"""Near-duplicates are not queried together."""

from __future__ import annotations

import numpy as np

from learner.query.near_duplicates import spread_order


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
