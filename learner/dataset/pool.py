"""The pool: every clip that has features, as one pass needs it.

Reading it takes longer than a pass, so it is kept until it changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Clip, ClipState, FeatureRow
from db.project import OpenProject
from db.records.features import newest_feature_set
from learner.arrays import BoolArray, Float32Array, Int64Array
from learner.dataset.by_clip import ByClip
from learner.dataset.folds import Folds, folds_of
from learner.dataset.sampling import scattered
from learner.dataset.speaker_norm import NONE, SpeakerStatistics, why_not
from learner.dataset.statistics import pool_statistics
from learner.features.matrix import FeatureMatrix, open_features

CHUNK = 4096
SAMPLE = 2000
_AT_A_TIME = 50_000

PoolSignature = tuple[int, int, int, int, int, int]
"""Newest feature set, its rows, clips in service, those of them with a speaker, the sum of their ids, and the newest clip."""


@dataclass(frozen=True)
class Pool:
    """Features, the statistics that standardise them, and the speakers."""

    signature: PoolSignature
    features: FeatureMatrix
    ready: BoolArray
    """Which rows of `features` are clips in service."""
    mean: Float32Array
    scale: Float32Array
    folds: Folds
    speakers: ByClip[str | None]
    """Speaker by clip id, for all clips of the project."""
    clusters: dict[int, Int64Array] = field(default_factory=dict)
    """Clusters of the cold start, by number of clusters; see `learner.query.cold_start`."""
    typical: dict[int, Int64Array] = field(default_factory=dict)
    """Places by typicality, in the same way."""

    def standardised(self, chunk: Float32Array) -> Float32Array:
        """The chunk with zero mean and unit spread over the pool."""
        found: Float32Array = (chunk - self.mean) / self.scale
        return found

    @property
    def in_service(self) -> int:
        """How many clips are in service, those that were not embedded yet included."""
        return self.signature[2]

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
    def _row_numbers(self) -> Int64Array:
        return self.speaker_numbers(self.features.clip_ids)

    def speaker_numbers(self, clip_ids: Int64Array) -> Int64Array:
        """Rows of these clips in the statistics of speakers."""
        return self.speaker_statistics.numbers_of(self._speakers_of(clip_ids))

    def inputs_of(self, vectors: Float32Array, clip_ids: Int64Array, normalisation: str) -> Float32Array:
        """The inputs of a head of this normalisation for the vectors [n, dim] of these clips."""
        if normalisation == NONE:
            return vectors
        return self.speaker_statistics.normalised(vectors, self.speaker_numbers(clip_ids))

    def input_chunks(self, rows: BoolArray, normalisation: str) -> Iterator[Float32Array]:
        """The inputs for the rows that the mask holds, in chunks in the order of the disk."""
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


def masked_chunks(features: FeatureMatrix, rows: BoolArray) -> Iterator[Float32Array]:
    """Vectors of the rows that the mask holds, in chunks of at most CHUNK rows."""
    start = 0
    for chunk in features.chunks(CHUNK):
        wanted = rows[start : start + len(chunk)]
        start += len(chunk)
        yield chunk if wanted.all() else chunk[wanted]


def pool_signature(session: Session) -> PoolSignature | None:
    """It changes whenever features or clips come or go, or a clip gets its speaker; None before the first feature set."""
    newest = newest_feature_set(session)
    if newest is None:
        return None
    embedded = session.scalar(select(func.count()).select_from(FeatureRow).where(FeatureRow.feature_set_id == newest.id)) or 0
    ready = select(func.count(), func.count(Clip.speaker), func.coalesce(func.sum(Clip.id), 0)).where(
        Clip.state == ClipState.READY
    )
    count, spoken, total = session.execute(ready).one()
    newest_clip = session.scalar(select(func.max(Clip.id))) or 0
    return newest.id, embedded, int(count), int(spoken), int(total), newest_clip


def read_pool(project: OpenProject, signature: PoolSignature) -> Pool | None:
    """The pool as it is now, with the signature that was taken before; None if no clip in service has features."""
    features = open_features(project)
    if features is None:
        return None
    with project.read() as session:
        speakers, files, in_service = _clips(session)
    ready = np.isin(features.clip_ids, speakers.clip_ids[in_service])
    if not ready.any():
        return None
    mean, scale = pool_statistics(masked_chunks(features, ready), dim=features.dim)
    return Pool(
        signature=signature,
        features=features,
        ready=ready,
        mean=mean,
        scale=scale,
        folds=folds_of(speakers, files, in_service=in_service),
        speakers=speakers,
    )


def _clips(session: Session) -> tuple[ByClip[str | None], ByClip[int], BoolArray]:
    """Speakers and files of all clips, and a mask of those in service. They are read in parts: a million rows are a gigabyte
    of objects.
    """
    query = select(Clip.id, Clip.speaker, Clip.file_id, Clip.state).order_by(Clip.id).limit(_AT_A_TIME)
    ids, names, ready = [np.zeros(0, np.int64)], [np.zeros(0, np.object_)], [np.zeros(0, np.bool_)]
    files = [np.zeros(0, np.int64)]
    same: dict[str | None, str | None] = {}
    newest = -1
    while part := session.execute(query.where(Clip.id > newest)).all():
        newest = part[-1].id
        ids.append(np.array([clip for clip, _, _, _ in part], dtype=np.int64))
        files.append(np.array([file for _, _, file, _ in part], dtype=np.int64))
        # A name is kept once, however many clips there are of the speaker.
        names.append(np.array([same.setdefault(speaker, speaker) for _, speaker, _, _ in part], dtype=np.object_))
        ready.append(np.array([state == ClipState.READY for _, _, _, state in part], dtype=np.bool_))
    clip_ids = np.concatenate(ids)
    speakers: ByClip[str | None] = ByClip(clip_ids, np.concatenate(names))
    return speakers, ByClip(clip_ids, np.concatenate(files)), np.concatenate(ready)
