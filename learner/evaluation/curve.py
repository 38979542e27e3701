"""The learning curve: the decisions of each earlier run, scored on today's random slice with today's labels.

All points share slice and folds, so their differences are paired. A label that was corrected later counts as corrected in all.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from db.decisions.log import LiveDecision
from db.records.runs import CurvePointValues
from learner.arrays import BoolArray
from learner.dataset.tested_slice import Slice
from learner.dataset.trainable import trainable
from learner.evaluation.accuracy import Accuracy, accuracy
from learner.evaluation.cross_fitting import FoldHeads, cross_fitted
from learner.evaluation.intervals import SpeakerResamples
from learner.progress import Progress

MOST_POINTS = 40


def thinned(prefixes: Sequence[tuple[int, int]], *, most: int = MOST_POINTS) -> list[int]:
    """The ids of at most `most` evenly spread pairs (last decision id, decisions), always with the first and the last. The pairs
    are in ascending order.

    The first of every 2, 4, 8, … decisions stays. So a point that is kept at a wider step was kept at every narrower one, and the
    heads that were trained for it can be used again.
    """
    step = 1
    while True:
        firsts = {decisions // step: prefix for prefix, decisions in reversed(prefixes)}
        kept = sorted({*firsts.values(), *(prefix for prefix, _ in prefixes[-1:])})
        if len(kept) <= most:
            return kept
        step *= 2


def distinct_prefixes(live: Sequence[LiveDecision], prefixes: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs (last decision id, standing decisions up to it), ascending. Of pairs with the same decisions only the newest is kept;
    pairs without decisions are left out."""
    ids = sorted(decision.since for decision in live)
    newest = {bisect_right(ids, prefix): prefix for prefix in sorted(prefixes)}
    return sorted((prefix, decisions) for decisions, prefix in newest.items() if decisions)


@dataclass(frozen=True)
class Traced:
    """A curve with the figures behind its points."""

    points: list[CurvePointValues]
    labels: list[int]
    """How many labelled clips each point was trained on."""
    hits: BoolArray
    """Which clips of the slice the heads of each point predict correctly, [points, clips]."""
    newest: Accuracy | None
    """The accuracy at the last point; None when there is nothing to test on."""


def traced_curve(
    heads: FoldHeads,
    tested: Slice,
    live: Sequence[LiveDecision],
    prefixes: Sequence[int],
    label_ids: Sequence[int],
    *,
    progress: Progress,
) -> Traced:
    """A point for each prefix of the decision log.

    Args:
        heads: keeps the heads it trained, for the next curve.
        live: the decisions that stand, by id.
        prefixes: ids of the last decision of past runs, ascending.
        progress: see `learner.progress.Progress`.
    """
    resamples = SpeakerResamples(tested.groups)
    total, done = len(prefixes) * len(set(tested.folds.tolist())), 0

    def after_each() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    points: list[CurvePointValues] = []
    sizes, hits = [], np.zeros((len(prefixes), len(tested.y)), dtype=np.bool_)
    newest: Accuracy | None = None
    for row, prefix in enumerate(prefixes):
        known = [decision for decision in live if decision.since <= prefix]
        labels = trainable(heads.pool, known, label_ids)
        if len(tested.y):
            predicted = cross_fitted(heads, tested, labels, label_ids, after_each=after_each)
            newest = accuracy(tested, predicted, resamples, labels=len(label_ids))
            hits[row] = predicted == tested.y
        points.append(_point(prefix, len(known), labels, label_ids, newest))
        sizes.append(len(labels))
    heads.forget_unused()
    return Traced(points, sizes, hits, newest)


def _point(
    prefix: int, decisions: int, labels: Mapping[int, int], label_ids: Sequence[int], scored: Accuracy | None
) -> CurvePointValues:
    counts = Counter(labels.values())
    return CurvePointValues(
        last_decision_id=prefix,
        decisions=decisions,
        examples_per_class=len(labels) / max(len(label_ids), 1),
        smallest_class=min((counts[label] for label in label_ids), default=0),
        ua=None if scored is None else scored.ua.value,
        ua_low=None if scored is None else scored.ua.low,
        ua_high=None if scored is None else scored.ua.high,
        wa=None if scored is None else scored.wa,
    )
