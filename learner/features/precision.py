"""The precision of features on disk: float16, which takes half the room of float32.

Everything that is to match stored features goes through it.
"""

from __future__ import annotations

import numpy as np

from learner.arrays import Float16Array, Float32Array

DTYPE = "float16"
_LARGEST = float(np.finfo(np.float16).max)


def as_stored(vectors: Float32Array) -> Float16Array:
    """The values as a feature set keeps them, in any shape.

    Those beyond float16 become its largest instead of infinite: nothing distinguishes vectors out there anyway.
    """
    return np.clip(vectors, -_LARGEST, _LARGEST).astype(np.float16)
