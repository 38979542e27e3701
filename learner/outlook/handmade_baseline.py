"""The hand-made baseline of a project: log-mel features of its clips, beside the features in use.

The first paper measures what self-supervised features save against hand-made ones. Here that is measured on the project's own
clips: the learner makes log-mel features where they are missing, when everything else is done, and the same heads are trained on
them with the labels of the random slice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from db.errors import EarmarkError
from db.project import OpenProject
from db.records.features import forget_rows
from db.store.engine import Turn
from learner.dataset.damaged_vectors import sound_statistics
from learner.dataset.pool import Pool
from learner.encoders.base import LOGMEL
from learner.encoders.registry import encoder_named
from learner.features.embed import embed_beside
from learner.features.matrix import open_feature_set

MOST_CLIPS = 5000
"""In the order of the random slice: a fair sample of a larger pool, which holds the slice."""


class HandmadeBaseline:
    """Keeps the baseline's pool from one evaluation to the next."""

    def __init__(self, project: OpenProject) -> None:
        self._project = project
        self._beside: Pool | None = None
        self._pool: Pool | None = None

    def pool_beside(self, pool: Pool, *, progress: Callable[[int, int], None]) -> Pool | None:
        """The pool with log-mel features; None as long as no clip has any.

        Args:
            pool: the one in use; as long as it is the same, nothing is made anew.
            progress: called with clips done and to do while features are made; it may raise to give up.
        """
        if self._beside is not pool:
            self._pool = self._made(pool, progress)
            self._beside = pool
        return self._pool

    def _made(self, pool: Pool, progress: Callable[[int, int], None]) -> Pool | None:
        try:
            made = embed_beside(self._project, encoder_named(LOGMEL), most=MOST_CLIPS, progress=progress)
        except EarmarkError:
            # No room, somebody embeds just now, or the encoder fails: the learner goes on without a baseline.
            return None
        if made != pool.features.feature_set_id:
            return self._read(pool, made)
        return pool if pool.words is None else replace(pool, words=None)

    def _read(self, pool: Pool, feature_set_id: int) -> Pool | None:
        features = open_feature_set(self._project, feature_set_id)
        ready = np.isin(features.clip_ids, pool.features.clip_ids[pool.ready])
        if not ready.any():
            return None
        mean, scale, damaged = sound_statistics(features, ready)
        if len(damaged):
            # The clips stay in service: nothing is wrong with their features in use.
            with self._project.write(Turn.LEARNING) as session:
                forget_rows(session, feature_set_id, damaged.tolist())
            return self._read(pool, feature_set_id)
        return replace(pool, features=features, ready=ready, mean=mean, scale=scale, words=None)
