"""Cohen's kappa: agreement beyond chance of two lists of answers (Cohen 1960)."""

from __future__ import annotations

import numpy as np

from learner.arrays import Int64Array

_ALIKE = 1e-12


def cohen_kappa(one: Int64Array, two: Int64Array) -> float | None:
    """Of two lists of answers to the same questions (at least one); None where both always give the same single answer."""
    values = np.unique(np.concatenate([one, two]))
    chance = sum(float((one == value).mean() * (two == value).mean()) for value in values.tolist())
    return None if 1 - chance < _ALIKE else (float((one == two).mean()) - chance) / (1 - chance)
