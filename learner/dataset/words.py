"""Words beside sound: the vectors of transcripts as a second part of a head's inputs.

A clip without a transcript is masked: it gets the mean of all texts, which is evidence for no label. A part counts by its weight,
however many values it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from learner.arrays import BoolArray, Float32Array, Int64Array
from learner.dataset.statistics import pool_statistics
from learner.features.base import Features

WEIGHT = 0.5
"""How far words spread the clips, relative to sound; chosen in `learner.modalities.compare`."""


@dataclass(frozen=True)
class Words:
    """Vectors of the transcripts of a pool, and the statistics that standardise them."""

    features: Features
    clip_ids: Int64Array
    """Clips with words, ascending; the others are masked."""
    mean: Float32Array
    scale: Float32Array

    @classmethod
    def of(cls, features: Features, in_service: Int64Array) -> Words | None:
        """Those of the clips in service; None if none of them has words.

        A row that is all zeros is of a text without words. One with a value that is not a number is damaged: it counts as
        masked, and is encoded anew.
        """
        with_words = [np.zeros(0, dtype=np.int64)]
        mean, scale = pool_statistics(_with_words(features, in_service, with_words), dim=features.dim)
        known = np.sort(np.concatenate(with_words))
        return cls(features, known, mean, scale) if len(known) else None

    @property
    def dim(self) -> int:
        """Values of a vector."""
        return self.features.dim

    def has(self, clip_ids: Int64Array) -> BoolArray:
        """Which of these clips have words."""
        places = np.minimum(np.searchsorted(self.clip_ids, clip_ids), len(self.clip_ids) - 1)
        found: BoolArray = self.clip_ids[places] == clip_ids
        return found

    def rows(self, clip_ids: Int64Array) -> Float32Array:
        """Vectors [n, dim] of these clips as they are; the mean for those that are masked."""
        found = np.tile(self.mean, (len(clip_ids), 1))
        has = self.has(clip_ids)
        if has.any():
            found[has] = self.features.rows(clip_ids[has])
        return found

    def statistics_beside(self, mean: Float32Array, scale: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Mean and spread [sound + words] that standardise sound of these statistics with words beside it.

        The mean square of a clip stays that of so many standardised features.
        """
        values = len(mean) + self.dim
        of_sound = np.sqrt(values / len(mean) / (1 + WEIGHT**2))
        of_words = WEIGHT * np.sqrt(values / self.dim / (1 + WEIGHT**2))
        spread = np.concatenate([scale / of_sound, self.scale / of_words]).astype(np.float32)
        return np.concatenate([mean, self.mean]), spread


def _with_words(features: Features, in_service: Int64Array, found: list[Int64Array]) -> Iterator[Float32Array]:
    """The vectors of clips in service that have words, chunk by chunk; their numbers are added to `found`."""
    start = 0
    for chunk in features.chunks():
        ids = features.clip_ids[start : start + len(chunk)]
        start += len(chunk)
        has = chunk.any(axis=1) & np.isfinite(chunk).all(axis=1) & np.isin(ids, in_service)
        found.append(ids[has])
        yield chunk[has]
