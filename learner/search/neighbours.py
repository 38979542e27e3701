"""Which clips sound like a given one: exact nearest neighbours on the features in use, in chunks over the memory maps.

Plain numpy, so that the app process can run it; there is no index to build or to keep up to date. Where the newest run normalises
features by speaker, so does the similarity: of the 24 nearest clips 58% instead of 54% have the same label (EmoDB), and 40%
instead of 32% (RAVDESS).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select

from db.errors import FeatureError
from db.models import Clip, FeatureRow
from db.project import OpenProject
from db.records.features import newest_feature_set
from db.records.runs import latest_evaluated_run
from learner.arrays import Float32Array, Int64Array
from learner.dataset.speaker_norm import SPEAKER, SpeakerStatistics, why_not
from learner.dataset.statistics import FLAT
from learner.features.base import Features
from learner.features.matrix import open_features

SAMPLED = 8192
"""Clips whose mean and spread stand for those of the pool."""
_CHUNK = 4096
_FIRST_BLOCK = 1000


@dataclass(frozen=True)
class Ranking:
    """All clips that have features, with their similarity to one of them."""

    clip_ids: Int64Array
    likeness: Float32Array
    """Cosine of the standardised features, -1 to 1, of each."""

    def best_first(self) -> Iterator[tuple[int, float]]:
        """Clip and similarity, most similar first; sorted block by block, only as far as the caller reads."""
        left, size = np.arange(len(self.clip_ids)), _FIRST_BLOCK
        while len(left):
            values = self.likeness[left]
            cut = min(size, len(left))
            parted = np.argpartition(-values, cut - 1)
            block = left[np.sort(parted[:cut])]
            for place in block[np.argsort(-self.likeness[block], kind="stable")].tolist():
                yield int(self.clip_ids[place]), float(self.likeness[place])
            left, size = np.sort(left[parted[cut:]]), size * 8


@dataclass(frozen=True)
class _Space:
    """A feature set at the time it was read, and the statistics that its vectors are normalised with."""

    signature: tuple[int, int, bool]
    features: Features
    shift: Float32Array
    factor: Float32Array
    """What to subtract and to multiply by, [rows, dim]: one row for all clips, or one for each speaker."""
    row_of: NDArray[np.int32]
    """Row of each clip."""
    lengths: Float32Array
    """Length of each clip's normalised vector; the same for every query."""

    @classmethod
    def of(cls, signature: tuple[int, int, bool], features: Features, speakers: list[str | None] | None) -> _Space:
        """`speakers` of the clips, in the order of the features, where each is to be normalised by its speaker."""
        places = np.unique(np.linspace(0, len(features) - 1, min(SAMPLED, len(features))).astype(np.int64))
        sample = features.rows(features.clip_ids[places])
        # A damaged vector, which the learner sets aside later, must not damage what is known of all.
        sample = sample[np.isfinite(sample).all(axis=1)]
        if not len(sample):
            raise FeatureError("All features are damaged; run `earmark learn --once`, which sets their clips aside.")
        mean, spread = sample.mean(axis=0), sample.std(axis=0)
        scale = np.where(spread < FLAT, 1.0, spread).astype(np.float32)
        shift, factor = mean[None, :], (1 / scale).astype(np.float32)[None, :]
        row_of = np.zeros(len(features), dtype=np.int32)
        if speakers is not None and why_not(speakers, dim=features.dim) is None:
            statistics = SpeakerStatistics.of(features.chunks(_CHUNK), speakers, mean=mean, scale=scale)
            shift, factor = statistics.shift, statistics.factor
            row_of = statistics.numbers_of(speakers).astype(np.int32)
        return cls(signature, features, shift, factor, row_of, _lengths(features, shift, factor, row_of))

    def like(self, clip_id: int) -> Ranking:
        vector = self.features.rows([clip_id])[0]
        if not np.isfinite(vector).all():
            raise FeatureError(f"The features of clip {clip_id} are damaged; run `earmark learn --once`, which sets it aside.")
        row = self.row_of[self.features.positions([clip_id])[0]]
        wanted = (vector - self.shift[row]) * self.factor[row]
        wanted /= max(float(np.linalg.norm(wanted)), 1e-9)
        # The normalisation is folded into the query vector: the others are multiplied as they are on the disk.
        weights = wanted * self.factor
        offsets = np.einsum("ij,ij->i", weights.astype(np.float64), self.shift).astype(np.float32)
        likeness, start = np.empty(len(self.features), dtype=np.float32), 0
        for chunk in self.features.chunks(_CHUNK):
            here = slice(start, start + len(chunk))
            rows = self.row_of[here]
            with np.errstate(invalid="ignore"):
                products = chunk @ weights[0] if len(weights) == 1 else np.einsum("ij,ij->i", chunk, weights[rows])
                likeness[here] = (products - offsets[rows]) / self.lengths[here]
            start += len(chunk)
        return Ranking(self.features.clip_ids, np.nan_to_num(likeness, copy=False, nan=-1.0, posinf=-1.0, neginf=-1.0))


def _lengths(features: Features, shift: Float32Array, factor: Float32Array, row_of: NDArray[np.int32]) -> Float32Array:
    """Length of each clip's normalised vector."""
    lengths, start = np.empty(len(features), dtype=np.float32), 0
    for vectors in features.chunks(_CHUNK):
        rows = row_of[start : start + len(vectors)] if len(shift) > 1 else 0
        # In place: the chunk is a copy of what is on the disk.
        vectors -= shift[rows]
        vectors *= factor[rows]
        with np.errstate(invalid="ignore"):
            lengths[start : start + len(vectors)] = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        start += len(vectors)
    return np.maximum(lengths, 1e-9)


class Neighbours:
    """Finds clips that are similar to one. The place of each vector is read once, and again after clips were added."""

    def __init__(self, project: OpenProject) -> None:
        self._project = project
        self._lock = threading.Lock()
        self._kept: _Space | None = None

    def of(self, clip_id: int) -> Iterator[tuple[int, float]]:
        """The other clips and their similarity (cosine, -1 to 1), most similar first.

        Raises:
            FeatureError: there are no features yet, none of this clip, or they are damaged.
        """
        ranking = self._space().like(clip_id)
        return (found for found in ranking.best_first() if found[0] != clip_id)

    def _space(self) -> _Space:
        with self._lock:
            with self._project.read() as session:
                newest = newest_feature_set(session)
                count = select(func.count()).select_from(FeatureRow)
                set_id = 0 if newest is None else newest.id
                embedded = session.scalar(count.where(FeatureRow.feature_set_id == set_id)) or 0
                run = latest_evaluated_run(session)
                by_speaker = run is not None and run.report.normalisation == SPEAKER
            signature = (set_id, embedded, by_speaker)
            if self._kept is None or self._kept.signature != signature:
                features = open_features(self._project)
                if features is None or not len(features):
                    raise FeatureError("There are no features yet; run `earmark embed`.")
                self._kept = _Space.of(signature, features, self._speakers(features) if by_speaker else None)
            return self._kept

    def _speakers(self, features: Features) -> list[str | None]:
        with self._project.read() as session:
            speakers = {row.id: row.speaker for row in session.execute(select(Clip.id, Clip.speaker))}
        return [speakers.get(clip) for clip in features.clip_ids.tolist()]
