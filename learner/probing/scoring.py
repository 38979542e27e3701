"""What each candidate predicts for clips of held-out speakers, and how often that is right."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from learner.arrays import Float32Array, Int64Array
from learner.dataset.folds import held_out_in_turn
from learner.evaluation.intervals import Interval, SpeakerResamples, recall_interval
from learner.probing.split_predictions import predictions
from learner.probing.splits import Splits
from learner.progress import Progress

_NOT_TESTED = -2
_MOST_WORKERS = 8


@dataclass(frozen=True)
class HeldOutPredictions:
    """The classes that one candidate predicts."""

    outer: Int64Array
    """[n]: each by a head that learned from no clip of its fold."""
    inner: Int64Array
    """[folds, n]: row f by heads that learned neither from fold f nor from the clip's own; there to choose without fold f."""


def held_out_predictions(
    features: Float32Array, y: Int64Array, splits: Splits, *, after_each: Callable[[], None]
) -> HeldOutPredictions:
    """All predictions of one candidate. Holding out folds f and g serves the choice without f and the one without g.

    Args:
        features: [n, d].
        after_each: called after each fit; there are `fits(splits)` of them.
    """
    outer = np.full(len(y), _NOT_TESTED, dtype=np.int64)
    inner = np.full((splits.count, len(y)), _NOT_TESTED, dtype=np.int64)
    for _, held_out in held_out_in_turn(splits.fold_of):
        outer[held_out] = predictions(features, y, train=np.flatnonzero(~held_out), test=np.flatnonzero(held_out))
        after_each()
    for first, second in _pairs(splits):
        held_out = (splits.fold_of == first) | (splits.fold_of == second)
        rows = np.flatnonzero(held_out)
        found = predictions(features, y, train=np.flatnonzero(~held_out), test=rows)
        in_first = splits.fold_of[rows] == first
        inner[second, rows[in_first]], inner[first, rows[~in_first]] = found[in_first], found[~in_first]
        after_each()
    return HeldOutPredictions(outer, inner)


def _pairs(splits: Splits) -> list[tuple[int, int]]:
    # With two folds nothing is left to learn from.
    if splits.count < 3:
        return []
    return sorted({(min(fold, other), max(fold, other)) for fold in range(splits.count) for other in splits.partners(fold)})


def fits(splits: Splits) -> int:
    """How many regressions a candidate takes."""
    return splits.count + len(_pairs(splits))


def all_predictions(
    makers: Sequence[Callable[[], Float32Array]],
    y: Int64Array,
    splits: Splits,
    *,
    keep: Callable[[int, HeldOutPredictions], None],
    progress: Progress,
) -> list[HeldOutPredictions]:
    """The predictions of each candidate, in their order.

    Candidates go side by side, one a processor: their products are too small to be shared among several.

    Args:
        makers: make the features of a candidate when it is its turn.
        keep: called with the position and the predictions of each candidate as soon as they are there, in any order.
        progress: called with regressions done and to do.
    """
    done, total = 0, len(makers) * fits(splits)
    lock, over = threading.Lock(), threading.Event()

    def after_each() -> None:
        nonlocal done
        if over.is_set():
            raise CancelledError
        with lock:
            done += 1
            progress(done, total)

    def one(position: int) -> HeldOutPredictions:
        found = held_out_predictions(makers[position](), y, splits, after_each=after_each)
        keep(position, found)
        return found

    with threadpool_limits(1), ThreadPoolExecutor(_workers(), thread_name_prefix="probe") as pool:
        jobs = [pool.submit(one, position) for position in range(len(makers))]
        try:
            return [job.result() for job in jobs]
        except BaseException:
            # Ctrl-C shall not wait for what is under way.
            over.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _workers() -> int:
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(allowed, _MOST_WORKERS)


class Scorer:
    """UA with its interval of predictions for the same clips."""

    def __init__(self, y: Int64Array, splits: Splits, *, labels: int) -> None:
        self._y, self._labels = y, labels
        self._resamples = SpeakerResamples(splits.group_of)

    def interval(self, predicted: Int64Array) -> Interval:
        """Of predictions [n] for all clips."""
        hit = predicted == self._y
        clips = np.bincount(self._y, minlength=self._labels)
        right = np.bincount(self._y[hit], minlength=self._labels)
        return recall_interval(right, clips, half_width=self._resamples.half_width(self._y, hit, labels=self._labels))

    def value(self, predicted: Int64Array) -> float:
        """The UA alone, of those clips that were tested."""
        tested = predicted != _NOT_TESTED
        clips = np.bincount(self._y[tested], minlength=self._labels)
        right = np.bincount(self._y[tested & (predicted == self._y)], minlength=self._labels)
        return float((right[clips > 0] / clips[clips > 0]).mean())


def best_of(
    candidates: Sequence[HeldOutPredictions], widths: Sequence[int], scorer: Scorer, *, without: int | None = None
) -> int:
    """Position of the best candidate, of equals the narrowest; with `without`, chosen by clips of the other folds only."""
    scores = [scorer.value(each.outer if without is None else each.inner[without]) for each in candidates]
    return min(range(len(candidates)), key=lambda position: (-scores[position], widths[position], position))


def nested(candidates: Sequence[HeldOutPredictions], widths: Sequence[int], scorer: Scorer, splits: Splits) -> Interval | None:
    """The UA of choosing: each fold is predicted by the candidate that is best without it. None with two folds."""
    if splits.count < 3:
        return None
    found = np.empty_like(splits.fold_of)
    for fold, held_out in held_out_in_turn(splits.fold_of):
        found[held_out] = candidates[best_of(candidates, widths, scorer, without=fold)].outer[held_out]
    return scorer.interval(found)
