"""Finding the most uncertain clips by margin, out of very many: Earmark's ranking compared with other active-learning libraries.

Each runs in its own process, in one thread, with a head that is fitted already. Earmark reads the shards of its feature store
(float16); the others read one memory map of the same vectors in float32, in which they compute.
"""

from __future__ import annotations

import functools
import multiprocessing
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from benchmarks.measuring.memory import Peak
from benchmarks.measuring.nominal_encoder import DIM
from benchmarks.measuring.rows import Figures, median_seconds, row
from learner.arrays import Float32Array, Int64Array
from learner.features.matrix import FeatureMatrix, shard_path
from learner.features.precision import DTYPE
from learner.features.store import SHARD_ROWS

CLIPS, LABELED, CLASSES, WANTED, REPETITIONS = 200_000, 200, 4, 2000, 3

Query = Callable[[], Int64Array]


def _made(folder: Path) -> tuple[Path, Int64Array]:
    """A file of vectors [clips, dim] of overlapping classes, and the classes of the first LABELED."""
    rng = np.random.default_rng(0)
    classes = rng.integers(CLASSES, size=CLIPS)
    centres = 0.15 * rng.standard_normal((CLASSES, DIM), dtype=np.float32)
    path = folder / "vectors.npy"
    vectors = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(CLIPS, DIM))
    for start in range(0, CLIPS, 10_000):
        here = classes[start : start + 10_000]
        vectors[start : start + 10_000] = rng.standard_normal((len(here), DIM), dtype=np.float32) + centres[here]
    vectors.flush()
    _shards(folder / "shards", vectors)
    return path, classes[:LABELED]


def _fitted(vectors: Float32Array, y: Int64Array) -> LogisticRegression:
    return LogisticRegression(C=0.1, max_iter=1000).fit(vectors[:LABELED], y)


def _shards(folder: Path, vectors: Float32Array) -> None:
    """The same vectors as the feature store keeps them."""
    folder.mkdir()
    for shard, start in enumerate(range(0, CLIPS, SHARD_ROWS)):
        np.save(shard_path(folder, shard), vectors[start : start + SHARD_ROWS].astype(DTYPE))


def _earmark(vectors: Float32Array, y: Int64Array, folder: Path) -> Query:
    from db.models import Source
    from learner.dataset.by_clip import ByClip
    from learner.dataset.examples import Examples
    from learner.dataset.folds import folds_of
    from learner.dataset.pool import Pool
    from learner.dataset.speaker_norm import NONE
    from learner.heads.fitting import fitted_head
    from learner.query.ranked_queue import QueryLabels, QueueRequest, ranked_queue

    places = np.arange(CLIPS, dtype=np.int64)
    rows = (places, (places // SHARD_ROWS).astype(np.int32), (places % SHARD_ROWS).astype(np.int32))
    features = FeatureMatrix(folder / "shards", feature_set_id=1, dim=DIM, settings={}, rows=rows)
    speakers: ByClip[str | None] = ByClip(places, np.full(CLIPS, None, dtype=np.object_))
    mean, scale = vectors[:LABELED].mean(axis=0), vectors[:LABELED].std(axis=0)
    pool = Pool(
        signature=(0, CLIPS, CLIPS, 0, 0, 0),
        features=features,
        ready=np.ones(CLIPS, dtype=np.bool_),
        mean=mean,
        scale=scale,
        folds=folds_of(speakers),
        speakers=speakers,
    )
    known = np.arange(LABELED, dtype=np.int64)
    head = fitted_head(pool, Examples.alike(known, y), vectors[:LABELED], C=0.1, normalisation=NONE)
    asked = QueueRequest(rows=np.arange(CLIPS) >= LABELED, size=WANTED, strategy="default", labels=CLASSES, seed=0)

    def query() -> Int64Array:
        queue = ranked_queue(pool, asked, query=QueryLabels(Examples.alike(known, y), head), used=head)
        assert {item.source for item in queue} == {Source.UNCERTAIN}
        return np.array([item.clip_id for item in queue])

    return query


def _modal(vectors: Float32Array, y: Int64Array, folder: Path) -> Query:
    from modAL.models import ActiveLearner
    from modAL.uncertainty import margin_sampling

    learner, pool = ActiveLearner(estimator=_fitted(vectors, y)), vectors[LABELED:]
    return lambda: np.asarray(margin_sampling(learner, pool, n_instances=WANTED)[0]) + LABELED


def _scikit_activeml(vectors: Float32Array, y: Int64Array, folder: Path) -> Query:
    from skactiveml.classifier import SklearnClassifier
    from skactiveml.pool import UncertaintySampling

    head = SklearnClassifier(LogisticRegression(C=0.1, max_iter=1000), classes=list(range(CLASSES)))
    head.fit(vectors[:LABELED], y)
    known = np.full(CLIPS, np.nan)
    known[:LABELED] = y
    strategy = UncertaintySampling(method="margin_sampling", random_state=0)
    return lambda: np.asarray(strategy.query(vectors, known, head, fit_clf=False, batch_size=WANTED))


def _small_text(vectors: Float32Array, y: Int64Array, folder: Path) -> Query:
    from small_text import BreakingTies, SklearnClassifier, SklearnDataset

    head = SklearnClassifier(_fitted(vectors, y), CLASSES)
    known = np.zeros(CLIPS, dtype=np.int64)
    known[:LABELED] = y
    dataset = SklearnDataset(vectors, known, target_labels=np.arange(CLASSES))
    labeled, unlabeled = np.arange(LABELED), np.arange(LABELED, CLIPS)
    return lambda: np.asarray(BreakingTies().query(head, dataset, unlabeled, labeled, y, n=WANTED))


QUERIES: dict[str, Callable[[Float32Array, Int64Array, Path], Query]] = {
    "earmark": _earmark,
    "modAL": _modal,
    "scikit-activeml": _scikit_activeml,
    "small-text": _small_text,
}


def _measured(name: str, path: Path, y: Int64Array) -> tuple[float, float, Int64Array]:
    """Median seconds, most MB beyond the map, and the rows found, sorted."""
    vectors: Any = np.load(path, mmap_mode="r")
    query = QUERIES[name](vectors, y, path.parent)
    with Peak() as peak, threadpool_limits(1):
        seconds = median_seconds(query, repetitions=REPETITIONS)
    return seconds, peak.grown, np.sort(query())


@functools.cache
def _all() -> dict[str, tuple[float, float, Int64Array]]:
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        path, y = _made(Path(folder))
        found = {}
        for name in QUERIES:
            with spawn.Pool(1) as process:
                found[name] = process.apply(_measured, (name, path, y))
    return found


def _against(name: str) -> Figures:
    (ours, our_memory, _), (theirs, their_memory, rows) = _all()["earmark"], _all()[name]
    assert len(np.unique(rows)) == WANTED
    assert rows.min() >= LABELED
    details = f"{CLIPS:,} x {DIM} mapped, one thread; {our_memory:.0f} MB beyond the map against {their_memory:.0f} MB"
    return Figures(ours=ours, theirs=theirs, unit="s", details=details)


@row("margin-modal", what=f"The {WANTED} most uncertain clips, ranked and predicted", against="modAL's `margin_sampling`")
def measure_modal() -> Figures:
    """Against modAL."""
    return _against("modAL")


@row("margin-scikit-activeml", what="The same", against='scikit-activeml\'s `UncertaintySampling("margin_sampling")`')
def measure_scikit_activeml() -> Figures:
    """Against scikit-activeml."""
    return _against("scikit-activeml")


@row("margin-small-text", what="The same", against="small-text's `BreakingTies`")
def measure_small_text() -> Figures:
    """Against small-text."""
    return _against("small-text")
