"""The head that Earmark ships with, fitted to one training fold: the method `frozen`, and the start of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from learner.arrays import Float32Array, Int64Array
from learner.dataset.by_clip import ByClip
from learner.dataset.examples import Examples
from learner.dataset.folds import folds_of
from learner.dataset.pool import Pool
from learner.dataset.speaker_norm import NONE, SpeakerStatistics
from learner.dataset.statistics import pool_statistics
from learner.features.in_memory import FeaturesInMemory
from learner.features.precision import as_stored
from learner.finetuning.folds import Fold
from learner.heads.fitting import fitted_head
from learner.heads.normalisation import choose_normalisation

STRENGTH = 0.1
"""C of the shipped head where it is a logistic regression."""


@dataclass(frozen=True)
class Statistics:
    """What pooled vectors are centred and multiplied by."""

    shift: Float32Array
    """[rows, dim]."""
    factor: Float32Array
    """[rows, dim]."""
    row_of: Int64Array
    """Row of each clip, [clips]."""

    def applied(self, vectors: Float32Array, rows: Int64Array) -> Float32Array:
        """The vectors [n, dim] of these clips, centred and multiplied."""
        places = self.row_of[rows]
        found: Float32Array = (vectors - self.shift[places]) * self.factor[places]
        return found


@dataclass(frozen=True)
class ShippedHead:
    """A linear head for vectors that its statistics were applied to."""

    normalisation: str
    statistics: Statistics
    coef: Float32Array
    """[classes, dim]; classes without an example have a score that is never the highest."""
    intercept: Float32Array

    def predict(self, vectors: Float32Array, rows: Int64Array) -> Int64Array:
        """Class of each of these clips, of their vectors [n, dim]."""
        found: Int64Array = (self.statistics.applied(vectors, rows) @ self.coef.T + self.intercept).argmax(axis=1)
        return found


def fitted(
    vectors: Float32Array,
    y: Int64Array,
    speakers: Sequence[str | None],
    fold: Fold,
    labelled: Int64Array,
    *,
    classes: int,
    by_speaker: bool = True,
) -> ShippedHead:
    """The head that learns from the labels of `labelled`, and from the other clips of the training fold without theirs.

    Whether clips are normalised by speaker is decided on these labels. Held-out speakers are normalised by their own clips.

    Args:
        vectors: of all clips [clips, dim].
        by_speaker: whether clips may be normalised by speaker.
    """
    pool = _pool(vectors, speakers, fold.train)
    stored = as_stored(vectors[labelled]).astype(np.float32)
    choice = choose_normalisation(pool, labelled + 1, y[labelled], stored).normalisation if by_speaker else NONE
    head = fitted_head(pool, Examples.alike(labelled + 1, y[labelled]), stored, C=STRENGTH, normalisation=choice)
    coef, intercept = np.zeros((classes, vectors.shape[1]), np.float32), np.full(classes, -1e4, np.float32)
    coef[head.classes_], intercept[head.classes_] = head.coef_, head.intercept_
    if choice == NONE:
        # Their standardisation is part of the head's weights; here it is part of the statistics.
        intercept = intercept + coef @ pool.mean
        coef = coef * pool.scale
    return ShippedHead(choice, _statistics(pool, vectors, speakers, fold, choice), coef, intercept)


def fitted_in_voices(
    vectors: Sequence[Float32Array],
    y: Int64Array,
    speakers: Sequence[str | None],
    fold: Fold,
    labelled: Int64Array,
    *,
    classes: int,
    by_speaker: bool,
) -> ShippedHead:
    """As `fitted`, of clips [clips, dim] in several voices: their own, and others that stand for further speakers."""
    clips, voices = len(y), range(len(vectors))
    named = [
        speaker if not voice or speaker is None else f"{speaker} in voice {voice}" for voice in voices for speaker in speakers
    ]
    everywhere = [np.concatenate([rows + voice * clips for voice in voices]) for rows in (fold.train, labelled)]
    of_all = Fold(fold.held_out, everywhere[0], fold.test)
    return fitted(
        np.concatenate(vectors), np.tile(y, len(vectors)), named, of_all, everywhere[1], classes=classes, by_speaker=by_speaker
    )


def statistics(vectors: Float32Array, speakers: Sequence[str | None], fold: Fold, normalisation: str) -> Statistics:
    """Those of vectors [clips, dim] that have changed since the head was fitted; no label enters."""
    return _statistics(_pool(vectors, speakers, fold.train), vectors, speakers, fold, normalisation)


def _pool(vectors: Float32Array, speakers: Sequence[str | None], rows: Int64Array) -> Pool:
    clip_ids = rows + 1
    features = FeaturesInMemory(clip_ids, as_stored(vectors[rows]))
    mean, scale = pool_statistics(features.chunks(), dim=features.dim)
    of_clips = ByClip.of((clip, speakers[clip - 1]) for clip in clip_ids.tolist())
    return Pool(
        signature=(0, len(rows), len(rows), 0, 0, 0),
        features=features,
        ready=np.ones(len(rows), dtype=np.bool_),
        mean=mean,
        scale=scale,
        folds=folds_of(of_clips),
        speakers=of_clips,
    )


def _statistics(pool: Pool, vectors: Float32Array, speakers: Sequence[str | None], fold: Fold, normalisation: str) -> Statistics:
    if normalisation == NONE:
        return Statistics(pool.mean[None], (1 / pool.scale[None]).astype(np.float32), np.zeros(len(vectors), dtype=np.int64))
    known = pool.speaker_statistics
    row_of = known.numbers_of(speakers)
    # As for any speaker whose clips are there: by their own clips, without labels.
    tested = [speakers[row] for row in fold.test.tolist()]
    others = SpeakerStatistics.of([vectors[fold.test]], tested, mean=pool.mean, scale=pool.scale)
    row_of[fold.test] = others.numbers_of(tested) + len(known.shift)
    return Statistics(np.concatenate([known.shift, others.shift]), np.concatenate([known.factor, others.factor]), row_of)
