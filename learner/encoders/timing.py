"""How long a network takes on this machine: the quickest of several runs, since other programs can only delay a run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

LENGTHS = (0.8, 2.0)
"""Seconds of audio: two lengths of usual clips."""
_ROUNDS, _LEAST_ROUNDS, _ENOUGH = 3, 2, 0.3
"""It is run so often, or for so many seconds but not once only."""


def quickest_seconds(run: Callable[[], None]) -> float:
    """Seconds of the quickest run. There is one before, since programs for the length are compiled in the first."""
    run()
    quickest, spent = math.inf, 0.0
    for done in range(_ROUNDS):
        if done >= _LEAST_ROUNDS and spent > _ENOUGH:
            break
        began = time.perf_counter()
        run()
        taken = time.perf_counter() - began
        quickest, spent = min(quickest, taken), spent + taken
    return quickest
