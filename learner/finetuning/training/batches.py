"""Steps and what they learn from: the order of an epoch."""

from __future__ import annotations

import numpy as np

from learner.arrays import Int64Array


def rows_of_step(rows: Int64Array, *, batch: int, step: int, seed: int) -> Int64Array:
    """The rows of a step; an epoch has each once, in an order of its own."""
    epoch, place = divmod(step, steps_of_epoch(rows, batch=batch))
    order = np.random.default_rng([seed, 1, epoch]).permutation(rows)
    found: Int64Array = order[place * batch : (place + 1) * batch]
    return found


def steps_of_epoch(rows: Int64Array, *, batch: int) -> int:
    """How many steps an epoch has; the last may be smaller."""
    return -(-len(rows) // batch)
