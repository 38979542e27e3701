"""The labelled clips of the random slice, which accuracy is measured on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from learner.arrays import BoolArray, Float32Array, Int64Array
from learner.dataset.pool import Pool


@dataclass(frozen=True)
class Slice:
    """The clips to test on: labelled clips of the random slice that have features."""

    clip_ids: list[int]
    y: Int64Array
    """Position of each clip's label among the active labels."""
    folds: Int64Array
    groups: Int64Array
    vectors: Float32Array

    @classmethod
    def of(cls, pool: Pool, clip_ids: Sequence[int], labels: Mapping[int, int], label_ids: Sequence[int]) -> Slice:
        """Those of `clip_ids` (the random slice, in key order) that can be tested; `labels` is label id by clip id."""
        has = pool.features.has(clip_ids)
        kept = [clip for clip, there in zip(clip_ids, has, strict=True) if there and labels.get(clip) in label_ids]
        positions = {label: position for position, label in enumerate(label_ids)}
        return cls(
            clip_ids=kept,
            y=np.array([positions[labels[clip]] for clip in kept], dtype=np.int64),
            folds=pool.folds.folds(kept),
            groups=pool.folds.groups(kept),
            vectors=pool.features.rows(kept),
        )

    def only(self, kept: BoolArray) -> Slice:
        """Some of them."""
        return Slice(
            clip_ids=[clip for clip, stays in zip(self.clip_ids, kept.tolist(), strict=True) if stays],
            y=self.y[kept],
            folds=self.folds[kept],
            groups=self.groups[kept],
            vectors=self.vectors[kept],
        )
