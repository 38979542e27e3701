"""What SpecAugment and masked prediction hide: spans of frames and of features, never longer than half of a clip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from learner.arrays import BoolArray


def masked_share(lengths: Sequence[int], *, width: int, share: float, span: int, rng: np.random.Generator) -> BoolArray:
    """[clips, width]: of each clip about `share` of its frames, in spans; what is beyond its length stays free.

    The number of spans is rounded at random, so short clips are masked as much as long ones on average.
    """
    mask = np.zeros((len(lengths), width), dtype=np.bool_)
    for row, length in enumerate(lengths):
        long = min(span, length // 2)
        if long:
            starts = rng.integers(0, length - long + 1, int(share * length / long + rng.random()))
            mask[row] = spread(starts, long, width)
    return mask


def masked_starts(lengths: Sequence[int], *, width: int, chance: float, span: int, rng: np.random.Generator) -> BoolArray:
    """[clips, width]: a span begins at each frame with this chance, and at least one does (wav2vec 2.0, Baevski et al. 2020).

    A clip of one frame has none.
    """
    mask = np.zeros((len(lengths), width), dtype=np.bool_)
    for row, length in enumerate(lengths):
        long = min(span, length // 2)
        if long:
            places = length - long + 1
            starts = np.flatnonzero(rng.random(places) < chance)
            mask[row] = spread(starts if len(starts) else rng.integers(0, places, 1), long, width)
    return mask


def spread(starts: np.ndarray, span: int, width: int) -> BoolArray:
    """[width]: spans of this length from each start."""
    mask = np.zeros(width, dtype=np.bool_)
    mask[(starts[:, None] + np.arange(span)).ravel()] = True
    return mask
