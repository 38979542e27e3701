"""Some clips of many, as if by chance, and as long as none come or go always the same ones."""

from __future__ import annotations

import numpy as np

from learner.arrays import Int64Array

_SCATTERING = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio: multiples of it are spread evenly, in an order that looks like chance."""


def scattered(clip_ids: Int64Array, *, most: int) -> Int64Array:
    """At most so many of these clips, in an order like chance. Whichever others there are, two clips keep their order."""
    # Wraps around, as it is meant to.
    order = clip_ids.astype(np.uint64) * _SCATTERING
    if len(order) > most:
        first = np.argpartition(order, most)[:most]
        clip_ids, order = clip_ids[first], order[first]
    found: Int64Array = clip_ids[np.argsort(order)]
    return found
