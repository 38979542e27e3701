"""The way through any folds."""

from __future__ import annotations

import numpy as np

from learner.dataset.folds import held_out_in_turn


def test_every_row_is_held_out_once() -> None:
    fold_of = np.array([4, 1, 4, 9, 1])
    found = [(fold, np.flatnonzero(held_out).tolist()) for fold, held_out in held_out_in_turn(fold_of)]
    assert found == [(1, [1, 4]), (4, [0, 2]), (9, [3])]


def test_no_rows_have_no_folds() -> None:
    assert list(held_out_in_turn(np.zeros(0, dtype=np.int64))) == []
