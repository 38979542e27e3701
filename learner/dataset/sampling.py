"""A pseudo-random sample of clips, which stays the same as long as no clips come or go."""

from __future__ import annotations

import numpy as np

from learner.arrays import Int64Array

_SCATTERING = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio: multiples of it are spread evenly, in an order that looks random."""


def scattered(clip_ids: Int64Array, *, most: int) -> Int64Array:
    """At most `most` of these clips, in pseudo-random order. The order of two clips does not depend on the others."""
    # The product wraps around, which is intended.
    order = clip_ids.astype(np.uint64) * _SCATTERING
    if len(order) > most:
        first = np.argpartition(order, most)[:most]
        clip_ids, order = clip_ids[first], order[first]
    found: Int64Array = clip_ids[np.argsort(order)]
    return found
