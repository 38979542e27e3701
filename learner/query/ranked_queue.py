"""From heads to a ranked queue of everything that nobody has answered yet.

The query head (`query`) is not trained on labels given for the random slice. If it were, it would avoid the neighbourhood of
every slice clip, and the accuracy measured there would be too low. The head in use (`used`) predicts the likely label.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from db.models import Source
from db.serving.ranked_queue import QueueItem
from learner.arrays import BoolArray, Float32Array, Float64Array, Int64Array
from learner.dataset.examples import Examples
from learner.dataset.pool import Pool
from learner.heads.linear import LinearHead
from learner.query.cold_start import cold_start_order
from learner.query.near_duplicates import NEAR, SPREAD_OVER, spread_order
from learner.query.rare_class import promise, rarity
from learner.query.strategies import DEFAULT, K_MEANS, MEASURED, RANDOM, RARE_CLASS, TYPICALITY, choose, modal_learner

COLD_START_LABELS = 20
"""So many labels, or two for each label if that is more, come from clusters before the default strategy uses a head."""
RARE_EVERY = 2
"""One in so many places of the default queue goes to the search for labels with few examples, while there are such labels."""
MOST_FOR_A_STRATEGY = 50_000
"""A strategy that takes clips as one array gets at most so many; from a larger pool they are drawn at random."""


@dataclass(frozen=True)
class QueryLabels:
    """What the query head may learn from: labelled clips whose labels were not given for the random slice."""

    examples: Examples
    head: LinearHead | None
    """None as long as there are no such labels."""

    @property
    def clip_ids(self) -> Int64Array:
        """Of the examples, ascending."""
        return self.examples.clip_ids

    @property
    def y(self) -> Int64Array:
        """Label ids of the examples."""
        return self.examples.y


@dataclass(frozen=True)
class QueueRequest:
    """What to rank: rows of the pool's features that nobody has answered (a mask), and how many of them are wanted."""

    rows: BoolArray
    size: int
    strategy: str
    labels: int
    """Active labels."""
    seed: int


@dataclass(frozen=True)
class _Ranked:
    rows: Int64Array
    scores: Float64Array | None
    sources: Source | list[Source]
    """The source of each row, or one source for all."""

    def source_of(self, place: int) -> Source:
        return self.sources if isinstance(self.sources, Source) else self.sources[place]

    def each(self) -> Iterator[tuple[int, float | None, Source]]:
        """Row, score and source, best first."""
        for place, row in enumerate(self.rows.tolist()):
            yield row, None if self.scores is None else float(self.scores[place]), self.source_of(place)


def ranked_queue(pool: Pool, request: QueueRequest, *, query: QueryLabels, used: LinearHead | None) -> list[QueueItem]:
    """The queue, best first.

    Raises:
        LearnerError: the project's strategy is unknown or fails.
    """
    ranked = _spread(pool, _ranked(pool, request, query))
    clip_ids = pool.features.clip_ids[ranked.rows]
    predicted: list[int | None] = [None] * len(clip_ids)
    if used is not None and len(clip_ids):
        inputs = pool.inputs_of(pool.features.rows(clip_ids), clip_ids, used.normalisation, words=used.words)
        predicted = [int(label) for label in used.predict(inputs)]
    scores = [None] * len(clip_ids) if ranked.scores is None else ranked.scores.tolist()
    return [
        QueueItem(clip_id=int(clip), source=ranked.source_of(place), score=score, predicted_id=label)
        for place, (clip, score, label) in enumerate(zip(clip_ids, scores, predicted, strict=True))
    ]


def _ranked(pool: Pool, request: QueueRequest, query: QueryLabels) -> _Ranked:
    if request.strategy == RANDOM:
        return _by_chance(request)
    if request.strategy in (K_MEANS, TYPICALITY) or query.head is None or _is_cold(request, query):
        return _from_clusters(pool, request, query)
    if request.strategy == DEFAULT:
        return _scheduled(pool, request, query, query.head)
    if request.strategy == RARE_CLASS:
        return _rare_first(pool, request, query, query.head) or _by_margin(pool, request, query.head)
    return _by_strategy(pool, request, query)


def _scheduled(pool: Pool, request: QueueRequest, query: QueryLabels, head: LinearHead) -> _Ranked:
    """After the cold start: what the head is least sure of, interleaved with what may have a label with few examples."""
    unsure = _by_margin(pool, request, head)
    rare = _rare_first(pool, request, query, head)
    return unsure if rare is None else _interleaved(rare, unsure, every=RARE_EVERY)


def _interleaved(first: _Ranked, second: _Ranked, *, every: int) -> _Ranked:
    """One of `first`, then `every - 1` of `second`, and so on until `second` is used up; each clip once."""
    chosen: dict[int, tuple[float | None, Source]] = {}
    waiting = {True: first.each(), False: second.each()}
    while len(chosen) < len(second.rows):
        wanted = len(chosen) % every == 0
        for row, score, source in itertools.chain(waiting[wanted], waiting[not wanted]):
            if row not in chosen:
                chosen[row] = (score, source)
                break
        else:
            break
    scores = np.array([np.nan if score is None else score for score, _ in chosen.values()], dtype=np.float64)
    rows = np.array(list(chosen), dtype=np.int64)
    return _Ranked(rows, None if np.isnan(scores).any() else scores, [source for _, source in chosen.values()])


def _spread(pool: Pool, ranked: _Ranked) -> _Ranked:
    """The same ranking with near-duplicates of earlier clips moved behind the next batches."""
    first = pool.features.clip_ids[ranked.rows[:SPREAD_OVER]]
    vectors = pool.standardised(pool.features.rows(first))
    order = np.append(spread_order(vectors, within=NEAR * pool.usual_distance), np.arange(len(first), len(ranked.rows)))
    sources = ranked.sources if isinstance(ranked.sources, Source) else [ranked.sources[place] for place in order.tolist()]
    return _Ranked(ranked.rows[order], None if ranked.scores is None else ranked.scores[order], sources)


def _rare_first(pool: Pool, request: QueueRequest, query: QueryLabels, head: LinearHead) -> _Ranked | None:
    """Ranked by the promise of a label with few examples, see `learner.query.rare_class`; None when no label is rare."""
    sought = rarity(query.y, head.classes_)
    if sought is None:
        return None
    rows = np.flatnonzero(request.rows)
    chances = np.concatenate(
        [
            np.zeros((0, len(head.classes_)), np.float32),
            *(head.predict_proba(chunk) for chunk in pool.input_chunks(request.rows, head.normalisation, words=head.words)),
        ]
    )
    groups = pool.folds.groups
    promised = promise(
        chances,
        sought,
        head.classes_,
        speakers=groups(pool.features.clip_ids[rows]),
        known=groups(query.clip_ids.tolist()),
        y=query.y,
    )
    order = np.argsort(-promised, kind="stable")[: request.size]
    return _Ranked(rows[order], promised[order], Source.RARE_CLASS)


def _is_cold(request: QueueRequest, query: QueryLabels) -> bool:
    """Whether clusters rank instead of the head. A head of one class is sure of everything, so no strategy can use it."""
    if query.head is None or len(query.head.classes_) < 2:
        return True
    return request.strategy == DEFAULT and len(query.y) < _start(request)


def _start(request: QueueRequest) -> int:
    return max(COLD_START_LABELS, 2 * request.labels)


def _by_chance(request: QueueRequest) -> _Ranked:
    """Not `Source.RANDOM`: that name belongs to the clips owed to the random slice."""
    rows = np.random.default_rng(request.seed).permutation(np.flatnonzero(request.rows))
    return _Ranked(rows[: request.size], None, Source.COLD_START)


def _from_clusters(pool: Pool, request: QueueRequest, query: QueryLabels) -> _Ranked:
    labeled = np.isin(pool.features.clip_ids, query.clip_ids)
    rows = cold_start_order(
        pool,
        candidates=request.rows,
        labeled=labeled,
        clusters=_start(request),
        typical=request.strategy == TYPICALITY,
    )
    return _Ranked(rows[: request.size], None, Source.COLD_START)


def _by_margin(pool: Pool, request: QueueRequest, head: LinearHead) -> _Ranked:
    """Smallest margin between the two likeliest labels first: the same order as modAL's, in a sixth of the time."""
    rows = np.flatnonzero(request.rows)
    margins = [
        _margins(head.predict_proba(chunk)) for chunk in pool.input_chunks(request.rows, head.normalisation, words=head.words)
    ]
    unsure = 1.0 - np.concatenate([np.zeros(0), *margins])
    order = np.argsort(-unsure, kind="stable")[: request.size]
    return _Ranked(rows[order], unsure[order], Source.UNCERTAIN)


def scored_chunks(pool: Pool, head: LinearHead, rows: BoolArray) -> Iterator[tuple[Int64Array, Float32Array]]:
    """Clip ids [n] and their probabilities [n, classes] by the head, chunk by chunk, for the rows that the mask holds."""
    clip_ids, start = pool.features.clip_ids[rows], 0
    for chunk in pool.input_chunks(rows, head.normalisation, words=head.words):
        yield clip_ids[start : start + len(chunk)], head.predict_proba(chunk)
        start += len(chunk)


def _margins(probabilities: Float32Array) -> Float64Array:
    top = np.partition(probabilities, -2, axis=1)[:, -2:]
    return (top[:, 1] - top[:, 0]).astype(np.float64)


def _by_strategy(pool: Pool, request: QueueRequest, query: QueryLabels) -> _Ranked:
    rows = np.flatnonzero(request.rows)
    if not len(rows):
        return _Ranked(rows, None, Source.UNCERTAIN)
    assert query.head is not None
    head = query.head
    known = pool.inputs_of(pool.features.rows(query.clip_ids), query.clip_ids, head.normalisation, words=head.words)
    learner = modal_learner(head, known, query.y)
    if request.strategy in MEASURED:
        shown: Float32Array | _Rows = _Rows(pool, rows, head)
    else:
        if len(rows) > MOST_FOR_A_STRATEGY:
            rows = np.sort(np.random.default_rng(request.seed).choice(rows, MOST_FOR_A_STRATEGY, replace=False))
        shown = _Rows(pool, rows, head)[:]
    chosen = choose(request.strategy, learner, shown, min(request.size, len(rows)))
    scores = None if chosen.metrics is None else chosen.metrics[: request.size]
    return _Ranked(rows[chosen.indices[: request.size]], scores, Source.UNCERTAIN)


class _Rows:
    """Rows of the pool as inputs of the query head: a matrix that is read slice by slice."""

    def __init__(self, pool: Pool, rows: Int64Array, head: LinearHead) -> None:
        self._pool = pool
        self._head = head
        self._clip_ids = pool.features.clip_ids[rows]
        self.shape = (len(rows), head.n_features_in_)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, wanted: slice) -> Float32Array:
        clip_ids = self._clip_ids[wanted]
        vectors = self._pool.features.rows(clip_ids)
        return self._pool.inputs_of(vectors, clip_ids, self._head.normalisation, words=self._head.words)
