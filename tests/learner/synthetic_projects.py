"""Projects whose features are made up, for tests of the learner that need no audio."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from db.decisions.log import live_decisions
from db.models import Source
from db.project import OpenProject
from learner.dataset.pool import Pool
from learner.dataset.project_pool import pool_signature, read_pool
from learner.features.store import FeatureStore
from tests.filled_projects import LABELS, add_clips, answer

DIM = 16


class MadeUpEncoder:
    """Stands for an encoder where only its identity matters."""

    name = "made-up"
    revision = "1"
    dim = DIM
    sampling_rate = 16000
    remark: str | None = None

    def __init__(self, version: str = "1") -> None:
        self.settings = {"encoder": "made-up", "revision": version}

    def encode(self, waveforms: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Not used: the vectors are made up elsewhere."""
        raise NotImplementedError

    def encode_stream(self, blocks: object) -> NDArray[np.float32]:
        """Not used."""
        raise NotImplementedError


def truth(clip_id: int) -> str:
    """The true label of a clip."""
    return LABELS[clip_id % len(LABELS)]


def made_up_vectors(clip_ids: Sequence[int], *, spread: float = 1.0, dim: int = DIM) -> NDArray[np.float32]:
    """One blob for each label; at the default spread a head predicts most clips correctly, but not all."""
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(len(LABELS), dim)) * 1.2
    noise = np.stack([np.random.default_rng(clip).normal(size=dim) for clip in clip_ids]) * spread
    return (centers[[clip % len(LABELS) for clip in clip_ids]] + noise + 3.0).astype(np.float32)


def embedded_project(project: OpenProject, count: int, *, speakers: int = 5, spread: float = 1.0) -> list[int]:
    """Clips with features, none labelled; their ids."""
    clips = add_clips(project, count, speakers=speakers)
    embed_made_up(project, clips, spread=spread)
    return clips


def embed_made_up(project: OpenProject, clips: Sequence[int], *, spread: float = 1.0) -> None:
    """Give these clips made-up features."""
    FeatureStore(project, MadeUpEncoder()).append(clips, made_up_vectors(clips, spread=spread))


def label_truly(project: OpenProject, clips: Sequence[int], *, source: Source = Source.UNCERTAIN) -> None:
    """Answer these clips with their true labels."""
    for clip in clips:
        answer(project, clip, truth(clip), source=source)


def label_slice(project: OpenProject, count: int) -> list[int]:
    """Answer the next clips that the random slice waits for; their ids."""
    from tests.owed_clips import owed_clips

    with project.read() as session:
        owed = owed_clips(session, count)
    label_truly(project, owed, source=Source.RANDOM)
    return owed


def pool_of(project: OpenProject) -> Pool:
    """The pool as the learner reads it."""
    with project.read() as session:
        signature = pool_signature(session)
    assert signature is not None
    pool = read_pool(project, signature)
    assert pool is not None
    return pool


def newest_decision(project: OpenProject) -> int:
    """Id of the newest standing decision."""
    with project.read() as session:
        return live_decisions(session)[-1].id
