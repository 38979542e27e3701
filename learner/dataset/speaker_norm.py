"""Normalisation by speaker: clips are centred and scaled by all clips of their speaker in the pool, labelled or not.

No label enters. What a speaker's clips have in common (the voice, the microphone, the room) is removed, and how they differ
stays. Where speakers coincide with labels this would remove the labels; so `learner.heads.normalisation` decides.

The learner shrinks the statistics of a speaker, because it may know only a few clips. A probe compares encoders on whole corpora
and does not shrink, like the papers that its figures are compared with. Both are a `Shrinkage` of one computation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from learner.arrays import Float32Array, Float64Array, Int64Array
from learner.dataset.statistics import FLAT, pool_statistics

NONE, SPEAKER = "none", "speaker"
"""How features are normalised for a head: not at all, or by speaker."""
LEAST_CLIPS = 8
"""With fewer clips, a speaker's statistics are too uncertain; the clips are standardised like the pool."""
LEAST_SPEAKERS = 4
"""With fewer speakers that have enough clips, nothing can be decided across speakers."""
LEAST_SHARE = 0.8
"""Share of clips whose speaker has enough clips; with less, the heads would learn from a mixture of two kinds of features."""
MOST_VALUES = 2**24
"""At most so many values of means, and of spreads, are kept in memory: 64 MB each."""
_BLOCK = 256
"""Rows at a time: so their statistics stay in the processor's cache."""


@dataclass(frozen=True)
class Shrinkage:
    """How far a speaker's statistics are drawn towards those of the pool."""

    least_clips: int
    """The clips of speakers with fewer clips are standardised like the pool."""
    prior_clips: float
    """A speaker's mean and variance are shrunk to those of the pool, as if so many more of the clips were like the pool."""
    most_stretch: float
    """A feature that hardly varies within a speaker is scaled up by at most this, relative to the pool."""


SHRUNK = Shrinkage(LEAST_CLIPS, prior_clips=5.0, most_stretch=4.0)
"""The shrinkage of the learner."""
AS_THEY_ARE = Shrinkage(2, prior_clips=0.0, most_stretch=np.inf)
"""That of a probe: zero mean and unit spread over the clips of each speaker; a single clip gets the statistics of all clips."""


def known_well(speakers: Iterable[str | None], *, least_clips: int = LEAST_CLIPS) -> list[str]:
    """Speakers with enough clips, in the order of their first; `speakers` has one entry a clip."""
    counts = Counter(speaker for speaker in speakers if speaker is not None)
    return [speaker for speaker, clips in counts.items() if clips >= least_clips]


def why_not(speakers: Sequence[str | None], *, dim: int) -> str | None:
    """Why features [clips, dim] of these speakers cannot be normalised by speaker, as a sentence; None if they can."""
    known = known_well(speakers)
    if len(known) < LEAST_SPEAKERS:
        few = f"{len(known)} speakers have" if len(known) != 1 else "one speaker has"
        return f"Only {few} {LEAST_CLIPS} or more clips; {LEAST_SPEAKERS} are needed."
    covered = sum(map(set(known).__contains__, speakers)) / len(speakers)
    if covered < LEAST_SHARE:
        return f"Only {covered:.0%} of the clips are of speakers with {LEAST_CLIPS} or more clips."
    if len(known) * dim > MOST_VALUES:
        return f"{len(known)} speakers are too many to keep a mean of {dim} features for each."
    return None


@dataclass(frozen=True)
class SpeakerStatistics:
    """What to subtract and to multiply by, for each speaker with enough clips; the last row is for everybody else."""

    numbers: Mapping[str, int]
    """Row of each such speaker."""
    shift: Float32Array
    """[speakers + 1, dim]."""
    factor: Float32Array
    """[speakers + 1, dim]."""

    @classmethod
    def of(
        cls,
        chunks: Iterable[Float32Array],
        speakers: Sequence[str | None],
        *,
        mean: Float32Array,
        scale: Float32Array,
        shrinkage: Shrinkage = SHRUNK,
    ) -> SpeakerStatistics:
        """From all vectors of the pool.

        Args:
            chunks: vectors [n, dim].
            speakers: of each row of all chunks.
            mean, scale: those of the pool [dim].
        """
        known = known_well(speakers, least_clips=shrinkage.least_clips)
        numbers = {speaker: number for number, speaker in enumerate(known)}
        rows = _numbers(numbers, speakers)
        shape = (len(numbers) + 1, len(mean))
        total, squares, start = np.zeros(shape), np.zeros(shape), 0
        for chunk in chunks:
            here = rows[start : start + len(chunk)]
            start += len(chunk)
            order = np.argsort(here, kind="stable")
            present, firsts = np.unique(here[order], return_index=True)
            # Around the pool's mean and in float64, so that the difference of squares keeps its precision.
            sorted_rows = (chunk[order] - mean).astype(np.float64)
            total[present] += np.add.reduceat(sorted_rows, firsts, axis=0)
            squares[present] += np.add.reduceat(np.square(sorted_rows), firsts, axis=0)
        clips = np.bincount(rows, minlength=len(numbers) + 1)[:, None].astype(np.float64)
        return cls(numbers, *_shrunk(total, squares, clips, mean=mean, scale=scale, shrinkage=shrinkage))

    def numbers_of(self, speakers: Sequence[str | None]) -> Int64Array:
        """Row of each of these speakers."""
        return _numbers(self.numbers, speakers)

    def normalised(self, vectors: Float32Array, rows: Int64Array) -> Float32Array:
        """The vectors [n, dim], each by the statistics of its row; a new array."""
        out = np.empty(vectors.shape, dtype=np.float32)
        for start in range(0, len(vectors), _BLOCK):
            wanted, block = rows[start : start + _BLOCK], out[start : start + _BLOCK]
            np.subtract(vectors[start : start + _BLOCK], self.shift[wanted], out=block)
            block *= self.factor[wanted]
        return out


def normalised_by_group(vectors: Float32Array, group_of: Int64Array) -> Float32Array:
    """The vectors [n, dim] of a whole corpus, each `AS_THEY_ARE` by its group [n]; a new array."""
    mean, scale = pool_statistics(_blocks(vectors), dim=vectors.shape[1])
    names = [str(group) for group in group_of.tolist()]
    statistics = SpeakerStatistics.of(_blocks(vectors), names, mean=mean, scale=scale, shrinkage=AS_THEY_ARE)
    return statistics.normalised(vectors, statistics.numbers_of(names))


def _blocks(vectors: Float32Array) -> Iterator[Float32Array]:
    """Some rows at a time: float64 copies of all would be large."""
    for start in range(0, len(vectors), _BLOCK):
        yield vectors[start : start + _BLOCK]


def _shrunk(
    total: Float64Array,
    squares: Float64Array,
    clips: Float64Array,
    *,
    mean: Float32Array,
    scale: Float32Array,
    shrinkage: Shrinkage,
) -> tuple[Float32Array, Float32Array]:
    """Shift and factor from sums around the pool's mean."""
    own = total / np.maximum(clips, 1)
    variance = np.maximum(squares / np.maximum(clips, 1) - np.square(own), 0.0)
    trust = clips / np.maximum(clips + shrinkage.prior_clips, 1)
    shift = trust * own
    spread = np.sqrt(trust * variance + (1 - trust) * np.square(scale.astype(np.float64)))
    spread = np.maximum(spread, scale / shrinkage.most_stretch)
    factor = 1 / np.where(spread < FLAT, 1.0, spread)
    # Everybody else is standardised like the pool.
    shift[-1], factor[-1] = 0.0, 1 / scale
    return (shift + mean).astype(np.float32), factor.astype(np.float32)


def _numbers(numbers: Mapping[str, int], speakers: Sequence[str | None]) -> Int64Array:
    last = len(numbers)
    return np.array([last if speaker is None else numbers.get(speaker, last) for speaker in speakers], dtype=np.int64)
