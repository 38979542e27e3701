"""What everything above asks of features: which clips have them, and their vectors, by clip or in one pass over all.

Where the vectors lie is the business of an implementation: in shards on disk (`learner.features.matrix`) or in memory
(`learner.features.in_memory`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np

from db.errors import FeatureError
from learner.arrays import BoolArray, Float32Array, Int64Array

NO_SET = 0
"""Stands for the id of a feature set where the vectors are in no database, which counts from 1."""


class Features(ABC):
    """Vectors of clips. A subclass reads the vectors at given positions."""

    def __init__(self, clip_ids: Int64Array, *, dim: int, feature_set_id: int = NO_SET) -> None:
        self.clip_ids = clip_ids
        """Clip ids [n] in the order that `chunks` follows."""
        self.dim = dim
        """Values of a vector."""
        self.feature_set_id = feature_set_id
        self._order = np.argsort(clip_ids, kind="stable")

    def __len__(self) -> int:
        return len(self.clip_ids)

    def chunks(self, size: int = 4096) -> Iterator[Float32Array]:
        """All vectors in the order of `clip_ids`, in float32 arrays [at most `size`, dim]: products over float16 are slow.

        Each is a copy, which the caller may change.
        """
        for start in range(0, len(self), size):
            yield self._vectors_at(np.arange(start, min(start + size, len(self))))

    def rows(self, clip_ids: Sequence[int] | Int64Array) -> Float32Array:
        """Vectors [n, dim] of these clips, in this order.

        Raises:
            FeatureError: a clip has no features yet; the message names it.
        """
        return self._vectors_at(self.positions(clip_ids))

    def positions(self, clip_ids: Sequence[int] | Int64Array) -> Int64Array:
        """Where these clips stand in `clip_ids`.

        Raises:
            FeatureError: a clip has no features yet; the message names it.
        """
        wanted = np.asarray(clip_ids, dtype=np.int64)
        found = self.has(wanted)
        if not found.all():
            raise FeatureError(f"Clip {wanted[~found][0]} has no features yet; run `earmark embed`.")
        return self._order[np.searchsorted(self.clip_ids, wanted, sorter=self._order)].astype(np.int64, copy=False)

    def has(self, clip_ids: Sequence[int] | Int64Array) -> BoolArray:
        """Which of these clips have features."""
        return np.isin(np.asarray(clip_ids, dtype=np.int64), self.clip_ids)

    @abstractmethod
    def _vectors_at(self, positions: Int64Array) -> Float32Array:
        """Vectors [n, dim] at these positions of `clip_ids`, in this order.

        Raises:
            FeatureError: they cannot be read any more.
        """
