"""What labelling at random would have given: the same heads, trained on the random slice alone.

Somebody who labels clips at random would have labelled the clips of the slice in key order; so the first n of them are a random
labelling with n labels. The curve is scored on the same clips in the same folds as the curve of Earmark's order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from db.reports import ComparedPoint
from learner.arrays import BoolArray
from learner.dataset.label_aggregation import TrainingLabels
from learner.dataset.tested_slice import Slice
from learner.evaluation.accuracy import accuracy
from learner.evaluation.cross_fitting import FoldHeads, cross_fitted
from learner.evaluation.intervals import SpeakerResamples
from learner.progress import Progress

FIRST, STEP = 10, 2**0.5
"""Labels of the first point, and how many times more the next has. Fixed, so that heads of earlier points can be used again."""


@dataclass(frozen=True)
class RandomCurve:
    """A curve over numbers of random labels."""

    labels: list[int]
    """How many labelled clips each point was trained on, ascending."""
    hits: BoolArray
    """Which clips of the slice the heads of each point predict correctly, [points, clips]."""
    points: list[ComparedPoint]


def sizes_up_to(most: int) -> list[int]:
    """Numbers of labels that get a point: from `FIRST` on in steps of `STEP`, and all."""
    found, size = [], float(FIRST)
    while round(size) < most:
        found.append(round(size))
        size *= STEP
    return [*found, most] if most >= FIRST else []


def random_curve(
    heads: FoldHeads, tested: Slice, labels: TrainingLabels, label_ids: Sequence[int], *, progress: Progress
) -> RandomCurve:
    """The curve on the slice's own labels; without points as long as the slice has fewer than `FIRST`.

    Args:
        heads: keeps the heads it trained, for the next curve.
        tested: the slice, in key order.
        labels: everything that can be trained on.
        progress: see `learner.progress.Progress`.
    """
    in_order = [clip for clip in tested.clip_ids if clip in labels]
    sizes = sizes_up_to(len(in_order))
    resamples, folds = SpeakerResamples(tested.groups), len(np.unique(tested.folds))
    hits, points = np.zeros((len(sizes), len(tested.y)), dtype=np.bool_), []
    for row, size in enumerate(sizes):
        chosen = labels.only(in_order[:size])

        def after_each(done: int = row * folds) -> None:
            progress(done, len(sizes) * folds)

        predicted = cross_fitted(heads, tested, chosen, label_ids, after_each=after_each)
        hits[row] = predicted == tested.y
        scored = accuracy(tested, predicted, resamples, labels=len(label_ids))
        counts = Counter(chosen.values())
        points.append(
            ComparedPoint(
                labels=size,
                examples_per_class=size / max(len(label_ids), 1),
                smallest_class=min((counts[label] for label in label_ids), default=0),
                ua=scored.ua.value,
                ua_low=scored.ua.low,
                ua_high=scored.ua.high,
            )
        )
    heads.forget_unused()
    return RandomCurve(sizes, hits, points)
