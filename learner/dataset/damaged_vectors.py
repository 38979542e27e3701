"""Vectors on the disk with a value that is not a number. They are found and set aside, so that the learner goes on without them.

A damaged disk makes such vectors, and earlier versions stored them for audio with absurd samples. One such value would spread to
the statistics of the pool, and from there to every head. The search costs one sum a chunk, because it reads the features together
with the statistics.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from db.models import Clip, ClipState
from db.project import OpenProject
from db.records.clips import mark_broken
from db.records.features import forget_rows
from learner.arrays import BoolArray, Float32Array, Int64Array
from learner.dataset.statistics import pool_statistics
from learner.features.base import Features

WHY = "Its features on the disk are damaged (not all values are numbers); import its file again, then run `earmark embed`."


def sound_statistics(features: Features, rows: BoolArray) -> tuple[Float32Array, Float32Array, Int64Array]:
    """Mean and spread [dim] over the rows that the mask holds, and the ids of all clips whose vectors are damaged.

    Damaged vectors do not count in the statistics.
    """
    damaged = [np.zeros(0, dtype=np.int64)]
    mean, scale = pool_statistics(_sound_chunks(features, rows, damaged), dim=features.dim)
    return mean, scale, np.concatenate(damaged)


def _sound_chunks(features: Features, rows: BoolArray, damaged: list[Int64Array]) -> Iterator[Float32Array]:
    start = 0
    for chunk in features.chunks():
        here = slice(start, start + len(chunk))
        start += len(chunk)
        wanted = rows[here]
        # float16 values are too small for their sum to overflow.
        with np.errstate(invalid="ignore"):
            total = chunk.sum()
        if not np.isfinite(total):
            sound = np.isfinite(chunk).all(axis=1)
            damaged.append(features.clip_ids[here][~sound])
            wanted = wanted & sound
        yield chunk if wanted.all() else chunk[wanted]


def set_aside(project: OpenProject, feature_set_id: int, clip_ids: Int64Array) -> None:
    """Take these clips out of service with the reason, and forget their vectors. What was out of service keeps its own reason."""
    with project.write() as session:
        for clip_id in clip_ids.tolist():
            if session.get_one(Clip, clip_id).state == ClipState.READY:
                mark_broken(session, clip_id, WHY)
        forget_rows(session, feature_set_id, clip_ids.tolist())
