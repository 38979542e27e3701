"""The examples that one head is trained on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from learner.arrays import BoolArray, Float64Array, Int64Array
from learner.dataset.label_aggregation import TrainingLabels, weights_in


@dataclass(frozen=True)
class Examples:
    """Labelled clips with features."""

    clip_ids: Int64Array
    """Ascending."""
    y: Int64Array
    """Their label ids."""
    weights: Float64Array
    """How much each counts."""
    set_aside: Int64Array
    """Clips without a label to learn from; none is predicted for them either, because somebody gave another answer."""

    @classmethod
    def of(cls, labels: Mapping[int, int]) -> Examples:
        """All of these labels, by clip id."""
        clip_ids = np.array(sorted(labels), dtype=np.int64)
        aside = sorted(labels.set_aside) if isinstance(labels, TrainingLabels) else []
        y = np.array([labels[clip] for clip in clip_ids.tolist()], dtype=np.int64)
        return cls(clip_ids, y, weights_in(labels, clip_ids), np.array(aside, dtype=np.int64))

    @classmethod
    def alike(cls, clip_ids: Int64Array, y: Int64Array) -> Examples:
        """These labels, all of which count the same."""
        return cls(clip_ids, y, np.ones(len(y)), np.zeros(0, dtype=np.int64))

    def where(self, kept: BoolArray) -> Examples:
        """Those that the mask holds."""
        return replace(self, clip_ids=self.clip_ids[kept], y=self.y[kept], weights=self.weights[kept])

    @property
    def digest(self) -> bytes:
        """The same for the same examples, 16 bytes."""
        content = b"".join(part.tobytes() for part in (self.clip_ids, self.y, self.weights, self.set_aside))
        return hashlib.blake2b(content + len(self.y).to_bytes(8), digest_size=16).digest()
