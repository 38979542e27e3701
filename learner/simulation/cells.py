"""Cells of a simulation, one a strategy and seed: replayed in parallel if asked, and kept, so that a stopped simulation goes on.

A cell is kept under a hash of all that it depends on: features, labels, settings, seed and the learner's code.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import inspect
import json
import math
import multiprocessing
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from learner.corpora.corpus import Corpus
from learner.corpora.vector_cache import unwritable
from learner.dataset.examples import Examples
from learner.dataset.tested_slice import Slice
from learner.dataset.trainable import trainable
from learner.evaluation.accuracy import accuracy
from learner.evaluation.cross_fitting import FoldHeads, cross_fitted
from learner.evaluation.intervals import SpeakerResamples
from learner.heads.fitting import fitted_head
from learner.heads.normalisation import choose_normalisation
from learner.query.strategies import NAMES, strategy_named
from learner.simulation.replay import Annotating, Checkpoint, replay
from learner.simulation.simulated_project import SimulatedProject, simulated_project

FULL = "all labels"
"""Stands for a strategy in the cell of a head trained on every label of the pool."""
EACH = 5
"""Examples of each label that are to be found, or all that the pool has of it."""
_CODE = (
    "db.decisions.conditions",
    "db.decisions.consensus",
    "db.decisions.log",
    "db.serving.mixing",
    "db.serving.random_slice",
    "learner.dataset.by_clip",
    "learner.query.cold_start",
    "learner.evaluation.curve",
    "learner.heads.discriminant",
    "learner.evaluation.cross_fitting",
    "learner.dataset.examples",
    "learner.heads.fitting",
    "learner.dataset.folds",
    "learner.heads.linear",
    "learner.evaluation.intervals",
    "learner.heads.logistic",
    "learner.query.near_duplicates",
    "learner.heads.normalisation",
    "learner.dataset.pool",
    "learner.query.batch_diversity",
    "learner.query.ranked_queue",
    "learner.query.rare_class",
    "learner.dataset.sampling",
    "learner.heads.self_training",
    "learner.simulation.cells",
    "learner.simulation.simulated_project",
    "learner.simulation.replay",
    "learner.dataset.speaker_norm",
    "learner.query.strategies",
    "learner.query.round",
    "learner.dataset.label_aggregation",
)


@dataclass(frozen=True)
class Cell:
    """What one replay showed."""

    labels: list[int] = field(default_factory=list)
    """Answers at each checkpoint."""
    ua: list[float] = field(default_factory=list)
    """On the speakers held out."""
    found_all: int | None = None
    """Answers until every label had `EACH` examples; None if that never came."""
    estimate: list[list[float | None]] = field(default_factory=list)
    """UA on the random slice with its interval at each checkpoint, [value, low, high], where estimates were asked for."""


@dataclass(frozen=True)
class Asked:
    """A cell that is wanted."""

    how: Annotating
    seed: int
    held_out: float
    estimates: bool = False

    def key(self, corpus: Corpus) -> str:
        """Name of its file."""
        told = json.dumps([corpus.fingerprint, asdict(self), _code(self.how.strategy)], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:40]


def simulated_cells(
    corpus: Corpus, asked: Sequence[Asked], *, cache: Path, jobs: int = 1, progress: Callable[[int, int], None] = lambda *_: None
) -> list[Cell]:
    """The cells, from the cache or simulated now.

    Args:
        cache: folder that keeps them.
        jobs: processes.
        progress: called with the cells simulated and those to simulate.

    Raises:
        FeatureError: the cache cannot be written to.
        LearnerError: a strategy is unknown or fails.
    """
    for name in {one.how.strategy for one in asked} - {*NAMES, FULL}:
        # Before the first minute is spent.
        strategy_named(name)
    paths = [cache / f"{one.key(corpus)}.json" for one in asked]
    found = {place: cell for place, path in enumerate(paths) if (cell := _read(path)) is not None}
    new = [place for place in range(len(asked)) if place not in found]
    for done, (place, cell) in enumerate(_simulated(corpus, asked, new, jobs), start=1):
        found[place] = cell
        _write(paths[place], cell)
        progress(done, len(new))
    return [found[place] for place in range(len(asked))]


def _simulated(corpus: Corpus, asked: Sequence[Asked], new: Sequence[int], jobs: int) -> Iterator[tuple[int, Cell]]:
    if jobs < 2 or len(new) < 2:
        for place in new:
            yield place, simulated_cell(corpus, asked[place])
        return
    with _workers(corpus, min(jobs, len(new))) as workers:
        futures: dict[Future[Cell], int] = {workers.submit(_in_worker, asked[place]): place for place in new}
        for future in as_completed(futures):
            yield futures[future], future.result()


@contextmanager
def _workers(corpus: Corpus, jobs: int) -> Iterator[Executor]:
    # Spawned: a fork would copy the locks of threads that it has not.
    context = multiprocessing.get_context("spawn")
    workers = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker, initargs=(corpus,))
    try:
        yield workers
    finally:
        workers.shutdown(cancel_futures=True)


_worker: dict[str, Corpus] = {}


def _start_worker(corpus: Corpus) -> None:
    _worker["corpus"] = corpus


def _in_worker(asked: Asked) -> Cell:
    return simulated_cell(_worker["corpus"], asked)


def simulated_cell(corpus: Corpus, asked: Asked) -> Cell:
    """One replay, scored at every checkpoint.

    Raises:
        LearnerError: the strategy is unknown or fails.
    """
    project = simulated_project(corpus, seed=asked.seed, held_out=asked.held_out)
    # Products of a few hundred rows lose more by waking threads than they gain.
    with threadpool_limits(limits=1):
        if asked.how.strategy == FULL:
            return _full(project, asked.how)
        labels, ua, estimates = [], [], []
        heads = FoldHeads(project.pool, C=asked.how.head_c)
        live: list[int] = []
        for checkpoint in replay(project, asked.how, seed=asked.seed):
            labels.append(checkpoint.answers)
            ua.append(project.held_out.ua(checkpoint.heads.used.head, project.label_ids))
            live = [project.truth[decision.clip_id] for decision in checkpoint.live]
            if asked.estimates:
                estimates.append(_estimate(project, checkpoint, heads))
    return Cell(labels, ua, _found_all(live, project), estimates)


def _full(project: SimulatedProject, how: Annotating) -> Cell:
    clip_ids = np.array(sorted(project.truth), dtype=np.int64)
    y = np.array([project.truth[clip] for clip in clip_ids.tolist()], dtype=np.int64)
    vectors = project.pool.features.rows(clip_ids)
    normalisation = choose_normalisation(project.pool, clip_ids, y, vectors).normalisation
    head = fitted_head(project.pool, Examples.alike(clip_ids, y), vectors, C=how.head_c, normalisation=normalisation)
    return Cell([len(y)], [project.held_out.ua(head, project.label_ids)])


def _estimate(project: SimulatedProject, checkpoint: Checkpoint, heads: FoldHeads) -> list[float | None]:
    """What the learner would show; [None, None, None] while the slice is empty."""
    labels = trainable(project.pool, checkpoint.live, project.label_ids)
    tested = Slice.of(project.pool, checkpoint.slice_clips, labels, project.label_ids)
    if not len(tested.y):
        return [None, None, None]
    predicted = cross_fitted(heads, tested, labels, project.label_ids, after_each=lambda: None)
    heads.forget_unused()
    scored = accuracy(tested, predicted, SpeakerResamples(tested.groups), labels=len(project.label_ids))
    return [scored.ua.value, scored.ua.low, scored.ua.high]


def _found_all(answered: Sequence[int], project: SimulatedProject) -> int | None:
    """After how many answers each label had `EACH` examples, by their true labels."""
    there = list(project.truth.values())
    missing = {label: min(EACH, there.count(label)) for label in project.label_ids}
    for answers, label in enumerate(answered, start=1):
        missing[label] -= 1
        if max(missing.values()) <= 0:
            return answers
    return None


@functools.cache
def _code(strategy: str) -> str:
    """Changes with the code that a cell runs through."""
    sources = [inspect.getsource(importlib.import_module(name)) for name in _CODE]
    if strategy not in NAMES and strategy != FULL:
        try:
            sources.append(inspect.getsource(inspect.unwrap(strategy_named(strategy))))
        except (OSError, TypeError):
            # Compiled, or an object that can be called: its name must do.
            sources.append(strategy)
    return hashlib.sha256("\n".join(sources).encode()).hexdigest()


def _read(path: Path) -> Cell | None:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        cell = Cell(**{one.name: told[one.name] for one in fields(Cell)})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    scores: list[Any] = cell.ua
    return cell if cell.labels and all(isinstance(ua, float) and math.isfinite(ua) for ua in scores) else None


def _write(path: Path, cell: Cell) -> None:
    told: dict[str, Any] = asdict(cell)
    part = path.with_name(f"{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(told), encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        raise unwritable(path.parent, error) from error
