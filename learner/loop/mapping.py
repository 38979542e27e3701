"""Makes the map of clips when the learner has nothing else to do.

Some landmarks are laid out by t-SNE (van der Maaten, Hinton 2008, *Visualizing data using t-SNE*) on their principal components;
every other clip goes between the landmarks that it is most similar to. So the part that cannot be interrupted is small whatever
the size of the pool. Everything is deterministic: the same clips and features give the same map.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from sqlalchemy import select

from db.errors import LearnerError
from db.models import Clip, ClipState
from db.project import OpenProject
from db.records.clip_changes import withdrawn_clips
from learner.arrays import Float32Array, Int64Array
from learner.dataset.pool import CHUNK, Pool
from learner.dataset.sampling import scattered
from learner.dataset.speaker_norm import NONE
from learner.loop.publishing import Published
from learner.search.clip_map import MOST_CLIPS, ClipMap, forget_on_map, read_clip_map, write_clip_map

LANDMARKS, COMPONENTS, ITERATIONS = 600, 50, 300
NEAREST = 5
"""Landmarks that a clip is placed between."""
TOLERATED = 0.02
"""Share of the clips that may be missing from a map, or be on it for nothing, before a new one is made."""
_LEAST_FOR_TSNE = 20


class Mapper:
    """Keeps the map of one project up to date; a map of the same clips is not made again."""

    def __init__(self, project: OpenProject) -> None:
        self._project = project
        self._settled: tuple[int, object] | None = None
        """The run and pool for which the map was found or made."""

    def draw_if_due(self, published: Published, *, go_on: Callable[[], bool]) -> bool:
        """Make a new map if that on the disk does not fit; whether one was made.

        Args:
            go_on: asked between the parts, the longest of which takes two seconds; False ends the work without a map.

        Raises:
            LearnerError: the map cannot be written.
            FeatureError: the features are damaged.
        """
        state = (published.run_id, published.pool.signature)
        if state == self._settled:
            return False
        head = published.head
        normalisation = NONE if head is None else head.normalisation
        chosen = self._chosen(published)
        made = None
        if not self._fits(published.pool, normalisation, chosen):
            places = placed(published.pool, chosen, normalisation, go_on=go_on)
            if places is None:
                return False
            made = ClipMap(published.pool.features.feature_set_id, normalisation, time.time(), chosen, places[:, 0], places[:, 1])
            write_clip_map(self._project.heads_dir, made)
            # Some may have been withdrawn while it was made. Looked up afterwards, so that none is missed in between.
            with self._project.read() as session:
                withdrawn = withdrawn_clips(session)
            forget_on_map(self._project.heads_dir, withdrawn)
        self._settled = state
        return made is not None

    def _chosen(self, published: Published) -> Int64Array:
        """Clips in service with features: labelled ones, then others in the order of the slice; ascending."""
        pool = published.pool
        ready = pool.features.clip_ids[pool.ready]
        if len(ready) <= MOST_CLIPS:
            return np.sort(ready)
        answered = np.unique(np.array([decision.clip_id for decision in published.snapshot.live], dtype=np.int64))
        first = scattered(answered[np.isin(answered, ready)], most=MOST_CLIPS)
        with self._project.read() as session:
            in_order = select(Clip.id).where(Clip.state == ClipState.READY).order_by(Clip.slice_key, Clip.id)
            keys = np.fromiter(session.scalars(in_order), dtype=np.int64)
        others = keys[np.isin(keys, ready) & ~np.isin(keys, first)]
        return np.sort(np.concatenate([first, others[: MOST_CLIPS - len(first)]]))

    def _fits(self, pool: Pool, normalisation: str, chosen: Sequence[int] | Int64Array) -> bool:
        try:
            there = read_clip_map(self._project.heads_dir)
        except LearnerError:
            # Damaged: it is made again.
            return False
        if there is None or (there.feature_set_id, there.normalisation) != (pool.features.feature_set_id, normalisation):
            return False
        # A clip that is not in service any more must not stay.
        gone = ~np.isin(there.clip_ids, pool.features.clip_ids[pool.ready])
        different = len(np.setxor1d(there.clip_ids, chosen))
        return not gone.any() and different <= TOLERATED * len(chosen) and (different == 0 or len(chosen) > LANDMARKS)


def placed(pool: Pool, clip_ids: Int64Array, normalisation: str, *, go_on: Callable[[], bool]) -> Float32Array | None:
    """Places [clips, 2] from 0 to 1 of these clips, in their order; None if it was interrupted.

    Args:
        go_on: see `Mapper.draw_if_due`.
    """
    landmarks = np.sort(scattered(clip_ids, most=LANDMARKS))
    inputs = _standardised(pool, landmarks, normalisation)
    centre = inputs.mean(axis=0)
    # The rows are fewer than the columns: their inner products are the smaller matrix.
    values, vectors = np.linalg.eigh((inputs - centre) @ (inputs - centre).T)
    kept = np.flatnonzero(values > 1e-6 * max(float(values[-1]), 1e-12))[::-1][:COMPONENTS]
    if not len(kept):
        return np.full((len(clip_ids), 2), 0.5, dtype=np.float32)
    axes = ((inputs - centre).T @ vectors[:, kept]) / np.sqrt(values[kept])
    components = (inputs - centre) @ axes
    if not go_on():
        return None
    layout = _laid_out(components)
    found = np.empty((len(clip_ids), 2), dtype=np.float32)
    for start in range(0, len(clip_ids), CHUNK):
        if not go_on():
            return None
        here = slice(start, start + CHUNK)
        vectors_here = _standardised(pool, clip_ids[here], normalisation)
        found[here] = _between((vectors_here - centre) @ axes, components, layout)
    low, extent = found.min(axis=0), float(np.ptp(found, axis=0).max())
    places: Float32Array = np.clip((found - low) / max(extent, 1e-9), 0.0, 1.0).astype(np.float32)
    return places


def _standardised(pool: Pool, clip_ids: Int64Array, normalisation: str) -> Float32Array:
    inputs = pool.inputs_of(pool.features.rows(clip_ids), clip_ids, normalisation)
    return pool.standardised(inputs) if normalisation == NONE else inputs


def _laid_out(components: Float32Array) -> Float32Array:
    """Places [landmarks, 2] of the landmarks."""
    if len(components) < _LEAST_FOR_TSNE or components.shape[1] < 2:
        flat = np.zeros((len(components), 2), dtype=np.float32)
        flat[:, : min(2, components.shape[1])] = components[:, :2]
        return flat
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(components) - 1) / 3)
    tsne = TSNE(init="pca", learning_rate="auto", perplexity=perplexity, max_iter=ITERATIONS, random_state=0)
    return np.asarray(tsne.fit_transform(components.astype(np.float32)), dtype=np.float32)


def _between(components: Float32Array, landmarks: Float32Array, layout: Float32Array) -> Float32Array:
    """Places of clips between their nearest landmarks, the nearer the closer."""
    squares = np.square(components).sum(axis=1)[:, None] + np.square(landmarks).sum(axis=1)
    distances = np.maximum(squares - 2 * components @ landmarks.T, 0.0)
    nearest = np.argpartition(distances, min(NEAREST, len(landmarks)) - 1, axis=1)[:, :NEAREST]
    near = np.take_along_axis(distances, nearest, axis=1)
    weights = 1 / (near + 1e-6 * float(squares.mean()) + 1e-12)
    weights /= weights.sum(axis=1, keepdims=True)
    found: Float32Array = (layout[nearest] * weights[:, :, None]).sum(axis=1)
    return found
