"""The precision of features on disk: float16, which takes half the room of float32.

Everything that is to match stored features goes through it.
"""

from __future__ import annotations

import numpy as np

from learner.arrays import BoolArray, Float16Array, Float32Array

DTYPE = "float16"
_LARGEST = float(np.finfo(np.float16).max)


def as_stored(vectors: Float32Array) -> Float16Array:
    """The values as a feature set keeps them, in any shape.

    Those beyond float16 become its largest instead of infinite: nothing distinguishes vectors out there anyway.
    """
    return np.clip(vectors, -_LARGEST, _LARGEST).astype(np.float16)


def storable(vectors: Float32Array) -> BoolArray:
    """Which vectors [n, dim] a feature set may hold: those without NaN and infinity, one of which spoils whatever is computed."""
    found: BoolArray = np.asarray(np.isfinite(vectors).all(axis=1))
    return found
