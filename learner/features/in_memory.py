"""Features that lie in memory, for projects that exist only there."""

from __future__ import annotations

import numpy as np

from learner.arrays import Float16Array, Float32Array, Int64Array
from learner.features.base import Features


class FeaturesInMemory(Features):
    """Vectors [n, dim] of clips, with the precision that they have on disk."""

    def __init__(self, clip_ids: Int64Array, vectors: Float16Array) -> None:
        super().__init__(clip_ids, dim=vectors.shape[1])
        self._vectors = vectors.astype(np.float32)

    def _vectors_at(self, positions: Int64Array) -> Float32Array:
        found: Float32Array = self._vectors[positions]
        return found
