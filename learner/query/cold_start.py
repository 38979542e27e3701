"""What to label first, as long as there is no head: representative clips, one from each k-means cluster.

Clusters are found among a few whitened principal directions of the features. Each speaker's clips are normalised by that speaker
first, so that no cluster is a voice or a microphone. It matters most to have as many clusters as labels to start with. UA at 20
and 30 labels, a fifth of them random, over 30 splits (EmoDB, RAVDESS, ESC-10; bundled encoder, logistic regression): .552 .273
.682 and .642 .318 .724; with 20 clusters of the features as they are .576 .270 .665 and .650 .323 .683; with 10 of those .466
.267 .605 and .605 .328 .619; with random clips .488 .274 .592 and .610 .328 .660.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from learner.arrays import BoolArray, Float32Array, Int64Array
from learner.dataset.pool import Pool, masked_chunks
from learner.dataset.speaker_norm import SPEAKER

MOST_FITTED = 20_000
"""The clusters are found on at most so many clips; all clips are then assigned."""
DIRECTIONS = 16
NEIGHBOURS = 20
MOST_COMPARED = 1000
"""In each cluster, so many clips nearest to its centre are compared with one another."""
SEED = 20_210


def cold_start_order(
    pool: Pool, *, candidates: BoolArray, labeled: BoolArray, clusters: int, typical: bool = False
) -> Int64Array:
    """Rows of the candidates, best first: those nearest to the centre of each cluster, large clusters first, then the second
    nearest, …

    A cluster that holds labelled clips waits until the other clusters have as many.

    Args:
        candidates: mask over the rows of the pool's features.
        labeled: mask of the rows that count as labelled; the caller leaves the random slice out.
        clusters: how many to find.
        typical: not the clips nearest to the centre, but those with the closest neighbours (TypiClust: Hacohen et al. 2022).
    """
    cluster_of, place = _places(pool, clusters)
    if typical:
        place = _by_typicality(pool, clusters)
    rows = np.flatnonzero(candidates)
    size = np.bincount(cluster_of[pool.ready], minlength=clusters)
    known = np.bincount(cluster_of[labeled], minlength=clusters)
    groups = cluster_of[rows]
    # The turn of a clip: how many of its cluster come before it, labelled ones first.
    nearest_first = np.lexsort((rows, place[rows], groups))
    ordered = groups[nearest_first]
    firsts = np.searchsorted(ordered, ordered, side="left")
    turn = np.empty(len(rows), dtype=np.int64)
    turn[nearest_first] = np.arange(len(rows)) - firsts
    turn += known[groups]
    return rows[np.lexsort((rows, -size[groups], turn))]


def _places(pool: Pool, clusters: int) -> tuple[Int64Array, Int64Array]:
    """Cluster of every row, and its place in it by distance from the centre (0 is nearest); computed once for a pool."""
    if clusters not in pool.clusters:
        pool.clusters[clusters] = np.stack(_assigned(pool, clusters))
    found = pool.clusters[clusters]
    return found[0], found[1]


def _by_typicality(pool: Pool, clusters: int) -> Int64Array:
    """Place of every row: in each cluster the central ones by mean distance to their nearest neighbours, then the others."""
    if clusters not in pool.typical:
        cluster_of, place = _places(pool, clusters)
        found = place + len(place)
        for cluster in range(clusters):
            members = np.flatnonzero((cluster_of == cluster) & pool.ready)
            central = members[np.argsort(place[members])[:MOST_COMPARED]]
            if len(central) > 1:
                rows = pool.standardised(pool.features.rows(pool.features.clip_ids[central]))
                squares = np.maximum(_square_distances(rows, rows), 0.0)
                near = min(NEIGHBOURS, len(central) - 1)
                # The nearest is the clip itself.
                apart = np.sqrt(np.partition(squares, near, axis=1)[:, 1 : near + 1]).mean(axis=1)
                found[central[np.argsort(apart, kind="stable")]] = np.arange(len(central))
        pool.typical[clusters] = found
    return pool.typical[clusters]


def _assigned(pool: Pool, clusters: int) -> tuple[Int64Array, Int64Array]:
    rng = np.random.default_rng(SEED)
    ready = np.flatnonzero(pool.ready)
    chosen = np.zeros(len(pool.features), dtype=np.bool_)
    chosen[ready if len(ready) <= MOST_FITTED else rng.choice(ready, MOST_FITTED, replace=False)] = True
    sample = np.concatenate(list(_seen(pool, chosen)))
    if (sample == sample[0]).all():
        # A single clip, or clips that are all the same, differ in no direction.
        return np.zeros(len(pool.features), dtype=np.int64), np.arange(len(pool.features))
    directions = PCA(n_components=min(DIRECTIONS, *sample.shape), whiten=True, random_state=SEED).fit(sample)
    points = _along(directions, sample)
    count = min(clusters, len(np.unique(points, axis=0)))
    model = KMeans(n_clusters=count, random_state=SEED, n_init=3).fit(points)
    centers = model.cluster_centers_.astype(np.float32)
    cluster_of, distance = [], []
    for chunk in _seen(pool, np.ones(len(pool.features), dtype=np.bool_)):
        squares = _square_distances(_along(directions, chunk), centers)
        cluster_of.append(squares.argmin(axis=1))
        distance.append(squares.min(axis=1))
    place = np.concatenate(distance).argsort(kind="stable").argsort(kind="stable")
    return np.concatenate(cluster_of).astype(np.int64), place.astype(np.int64)


def _seen(pool: Pool, rows: BoolArray) -> Iterator[Float32Array]:
    """The features to cluster, in chunks; normalised by speaker where that is possible."""
    if pool.why_not_by_speaker is None:
        yield from pool.input_chunks(rows, SPEAKER)
    else:
        yield from (pool.standardised(chunk) for chunk in masked_chunks(pool.features, rows))


def _along(directions: PCA, rows: Float32Array) -> Float32Array:
    found: Float32Array = directions.transform(rows).astype(np.float32)
    return found


def _square_distances(rows: Float32Array, centers: Float32Array) -> Float32Array:
    found: Float32Array = np.square(rows).sum(axis=1)[:, None] - 2 * rows @ centers.T + np.square(centers).sum(axis=1)
    return found
