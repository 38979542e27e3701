"""Whether a head is more than a guess."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import Ridge

from learner.held_out import guesses, held_out_scores

RNG = np.random.default_rng(3)
Y = RNG.integers(0, 3, 90)
FOLDS = np.arange(90) % 6


def test_scores_are_those_of_fits_without_the_fold() -> None:
    inputs = RNG.normal(size=(90, 12)).astype(np.float32)
    found = held_out_scores(inputs, Y, FOLDS)
    assert found.shape == (90, 3)
    here = FOLDS == 0
    plain = Ridge(alpha=1e-3).fit(inputs[~here], np.eye(3)[Y[~here]]).predict(inputs[here])
    assert np.corrcoef(found[here].ravel(), plain.ravel())[0, 1] > 0.95


def test_noise_is_a_guess_and_a_signal_is_not() -> None:
    noise = RNG.normal(size=(90, 20)).astype(np.float32)
    assert guesses(noise, Y, FOLDS)
    assert not guesses(noise + 1.5 * np.eye(3, 20)[Y].astype(np.float32), Y, FOLDS)


def test_too_little_to_say_is_no_guess() -> None:
    noise = RNG.normal(size=(90, 20)).astype(np.float32)
    assert not guesses(noise, np.zeros(90, dtype=np.int64), FOLDS)
    assert not guesses(noise, Y, FOLDS % 2)
