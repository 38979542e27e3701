"""A project in memory: clips with features and slice keys, some speakers held out, and an annotator who knows the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from learner.arrays import BoolArray, Float32Array, Int64Array
from learner.corpora.corpus import Corpus
from learner.dataset.by_clip import ByClip
from learner.dataset.folds import folds_of
from learner.dataset.pool import Pool
from learner.dataset.speaker_norm import NONE, SpeakerStatistics
from learner.dataset.statistics import pool_statistics
from learner.features.in_memory import FeaturesInMemory
from learner.heads.linear import LinearHead


@dataclass(frozen=True)
class HeldOut:
    """Clips of the speakers that nobody is asked about: the UA of a head on them is its true score."""

    vectors: Float32Array
    label_of: Int64Array
    by_speaker: Float32Array | None
    """The vectors normalised by their own speakers; None where the pool cannot be."""

    def ua(self, head: LinearHead | None, label_ids: Sequence[int]) -> float:
        """Mean recall over the labels that have held-out clips; without a head as good as chance."""
        if head is None:
            return 1 / len(label_ids)
        inputs = self.vectors if head.normalisation == NONE or self.by_speaker is None else self.by_speaker
        right = head.predict(inputs) == self.label_of
        return float(np.mean([right[self.label_of == label].mean() for label in np.unique(self.label_of)]))


@dataclass(frozen=True)
class SimulatedProject:
    """What is there before the first answer."""

    pool: Pool
    label_ids: list[int]
    truth: dict[int, int]
    """Label id by clip id, of the pool."""
    in_key_order: list[int]
    """The pool's clip ids by their slice keys."""
    held_out: HeldOut


def simulated_project(corpus: Corpus, *, seed: int, held_out: float = 0.2) -> SimulatedProject:
    """The project that this seed draws.

    Args:
        held_out: share of the clips, in whole speakers, that are kept for the true score; 0 keeps none.
    """
    rng = np.random.default_rng([20_211, seed])
    apart = _held_out(corpus, held_out, rng)
    clip_ids = np.flatnonzero(~apart).astype(np.int64) + 1
    pool = _pool(corpus, clip_ids, seed)
    tested = np.flatnonzero(apart)
    return SimulatedProject(
        pool=pool,
        label_ids=corpus.label_ids,
        truth=dict(zip(clip_ids.tolist(), corpus.label_of[clip_ids - 1].tolist(), strict=True)),
        in_key_order=rng.permutation(clip_ids).tolist(),
        held_out=_tested(pool, corpus, tested),
    )


def _pool(corpus: Corpus, clip_ids: Int64Array, seed: int) -> Pool:
    features = FeaturesInMemory(clip_ids, corpus.vectors[clip_ids - 1])
    mean, scale = pool_statistics(features.chunks(), dim=features.dim)
    speakers = ByClip.of((clip, corpus.speakers[clip - 1]) for clip in clip_ids.tolist())
    return Pool(
        signature=(0, len(speakers), len(speakers), seed, 0, 0),
        features=features,
        ready=np.ones(len(speakers), dtype=np.bool_),
        mean=mean,
        scale=scale,
        folds=folds_of(speakers),
        speakers=speakers,
    )


def _tested(pool: Pool, corpus: Corpus, rows: Int64Array) -> HeldOut:
    vectors = corpus.vectors[rows].astype(np.float32)
    by_speaker = None
    if pool.why_not_by_speaker is None:
        # As for any speaker whose clips are there: by their own clips, without labels.
        speakers = [corpus.speakers[row] for row in rows.tolist()]
        statistics = SpeakerStatistics.of([vectors], speakers, mean=pool.mean, scale=pool.scale)
        by_speaker = statistics.normalised(vectors, statistics.numbers_of(speakers))
    return HeldOut(vectors, corpus.label_of[rows], by_speaker)


def _held_out(corpus: Corpus, share: float, rng: np.random.Generator) -> BoolArray:
    """Which clips: whole speakers (single clips where none is known), drawn so that each label keeps about its share.

    Of fifty draws the one whose labels are spread most evenly is taken: with 48 clips of one label for one of another, a blind
    draw often holds out all clips of the rare one, or none.
    """
    apart = np.zeros(len(corpus.label_of), dtype=np.bool_)
    if share <= 0:
        return apart
    keys = [f"clip {row}" if speaker is None else f"speaker {speaker}" for row, speaker in enumerate(corpus.speakers)]
    groups = np.unique(keys, return_inverse=True)[1]
    totals = np.bincount(corpus.label_of)[1:]
    best, least = apart, np.inf
    for _ in range(50):
        drawn = _drawn(groups, share, rng)
        parts = np.bincount(corpus.label_of[drawn], minlength=len(totals) + 1)[1:] / totals
        # A label that would be missing on either side counts far more than an uneven share.
        uneven = float(np.square(parts - share).sum()) + 10.0 * float(np.isin(parts, (0.0, 1.0)).sum())
        if uneven < least:
            best, least = drawn, uneven
    return best


def _drawn(groups: Int64Array, share: float, rng: np.random.Generator) -> BoolArray:
    sizes = np.bincount(groups)
    order = rng.permutation(len(sizes))
    # Up to the share, at least one, and never all.
    wanted = max(int(np.searchsorted(np.cumsum(sizes[order]), share * len(groups) + 0.5)), 1)
    taken = order[: min(wanted, len(sizes) - 1)]
    return np.isin(groups, taken)
