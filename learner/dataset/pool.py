"""The pool: every clip that has features, as one pass needs it. `learner.dataset.project_pool` reads that of a project."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from db.decisions.log import LiveDecision
from learner.arrays import BoolArray, Float32Array, Int64Array
from learner.dataset.by_clip import ByClip
from learner.dataset.distances import usual_distance
from learner.dataset.folds import Folds
from learner.dataset.sampling import scattered
from learner.dataset.speaker_norm import NONE, SpeakerStatistics, why_not
from learner.dataset.words import Words
from learner.features.base import Features

CHUNK = 4096
SAMPLE = 2000

PoolSignature = tuple[int, ...]
"""Newest feature set, its rows, clips in service, those of them with a speaker, the sum of their ids, and the newest clip; where
words are used, what `words_signature` says of them."""


@dataclass(frozen=True)
class Pool:
    """Features, the statistics that standardise them, and the speakers."""

    signature: PoolSignature
    features: Features
    ready: BoolArray
    """Which rows of `features` are clips in service."""
    mean: Float32Array
    scale: Float32Array
    folds: Folds
    speakers: ByClip[str | None]
    """Speaker by clip id, for all clips of the project."""
    words: Words | None = None
    """Vectors of transcripts; None where the project has none."""
    clusters: dict[int, Int64Array] = field(default_factory=dict, init=False)
    """Clusters of the cold start, by number of clusters; see `learner.query.cold_start`."""
    typical: dict[int, Int64Array] = field(default_factory=dict, init=False)
    """Places by typicality, in the same way."""

    def standardised(self, chunk: Float32Array) -> Float32Array:
        """The chunk with zero mean and unit spread over the pool."""
        found: Float32Array = (chunk - self.mean) / self.scale
        return found

    @property
    def in_service(self) -> int:
        """How many clips are in service, those that were not embedded yet included."""
        return self.signature[2]

    def unanswered(self, live: Sequence[LiveDecision]) -> BoolArray:
        """Which rows of `features` are clips in service that nobody has answered; `live` are the decisions that stand."""
        answered = np.array([decision.clip_id for decision in live], dtype=np.int64)
        rows: BoolArray = self.ready & ~np.isin(self.features.clip_ids, answered)
        return rows

    @cached_property
    def why_not_by_speaker(self) -> str | None:
        """Why the clips cannot be normalised by speaker, as a sentence; None if they can."""
        return why_not(self._speakers_of(self.features.clip_ids[self.ready]), dim=self.features.dim)

    @cached_property
    def speaker_statistics(self) -> SpeakerStatistics:
        """Statistics of each speaker, from all clips in service; the first call reads all features."""
        speakers = self._speakers_of(self.features.clip_ids[self.ready])
        return SpeakerStatistics.of(self.ready_chunks(), speakers, mean=self.mean, scale=self.scale)

    @cached_property
    def sample(self) -> Int64Array:
        """Ids of at most SAMPLE clips in service, in pseudo-random order: the same as long as no clips come or go."""
        return scattered(self.features.clip_ids[self.ready], most=SAMPLE)

    @cached_property
    def usual_distance(self) -> float:
        """How far clips of the sample are from others, see `learner.dataset.distances`; the first call reads their features."""
        return usual_distance(self.standardised(self.features.rows(self.sample)))

    @cached_property
    def _row_numbers(self) -> Int64Array:
        return self.speaker_numbers(self.features.clip_ids)

    def speaker_numbers(self, clip_ids: Int64Array) -> Int64Array:
        """Rows of these clips in the statistics of speakers."""
        return self.speaker_statistics.numbers_of(self._speakers_of(clip_ids))

    def inputs_of(self, vectors: Float32Array, clip_ids: Int64Array, normalisation: str, *, words: bool = False) -> Float32Array:
        """The inputs of a head of this normalisation for the vectors [n, dim] of these clips; with `words`, these beside them."""
        found = vectors
        if normalisation != NONE:
            found = self.speaker_statistics.normalised(vectors, self.speaker_numbers(clip_ids))
        if not words:
            return found
        assert self.words is not None
        return np.concatenate([found, self.words.rows(clip_ids)], axis=1)

    def input_chunks(self, rows: BoolArray, normalisation: str, *, words: bool = False) -> Iterator[Float32Array]:
        """The inputs for the rows that the mask holds, in chunks in the order of the disk."""
        if words:
            clip_ids, start = self.features.clip_ids[rows], 0
            for chunk in masked_chunks(self.features, rows):
                here = clip_ids[start : start + len(chunk)]
                start += len(chunk)
                yield self.inputs_of(chunk, here, normalisation, words=True)
            return
        if normalisation == NONE:
            yield from masked_chunks(self.features, rows)
            return
        numbers, start = self._row_numbers[rows], 0
        for chunk in masked_chunks(self.features, rows):
            yield self.speaker_statistics.normalised(chunk, numbers[start : start + len(chunk)])
            start += len(chunk)

    def _speakers_of(self, clip_ids: Int64Array) -> list[str | None]:
        found: list[str | None] = self.speakers.of_clips(clip_ids).tolist()
        return found

    def ready_chunks(self, rows: BoolArray | None = None) -> Iterator[Float32Array]:
        """Vectors of the clips in service (or of `rows`, a mask over the features) in the order of the disk."""
        return masked_chunks(self.features, self.ready if rows is None else rows)


def masked_chunks(features: Features, rows: BoolArray) -> Iterator[Float32Array]:
    """Vectors of the rows that the mask holds, in chunks of at most CHUNK rows."""
    start = 0
    for chunk in features.chunks(CHUNK):
        wanted = rows[start : start + len(chunk)]
        start += len(chunk)
        yield chunk if wanted.all() else chunk[wanted]
