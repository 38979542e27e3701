"""Accuracy of predictions on the random slice: UA with its interval, WA, and counts by label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from learner.arrays import Int64Array
from learner.dataset.tested_slice import Slice
from learner.evaluation.intervals import Interval, SpeakerResamples, recall_interval

UNTRAINED = -1
"""Stands for the prediction where no head could be trained; counts as wrong."""


@dataclass(frozen=True)
class Accuracy:
    """UA with its interval, WA, and clips per true and predicted label."""

    ua: Interval
    wa: float
    right: Int64Array
    clips: Int64Array
    confusion: Int64Array


def accuracy(tested: Slice, predicted: Int64Array, resamples: SpeakerResamples, *, labels: int) -> Accuracy:
    """Scores of these predictions; the slice holds at least one clip."""
    hit = predicted == tested.y
    clips = np.bincount(tested.y, minlength=labels)
    right = np.bincount(tested.y[hit], minlength=labels)
    trained = predicted != UNTRAINED
    confusion = np.bincount(tested.y[trained] * labels + predicted[trained], minlength=labels * labels).reshape(labels, labels)
    half_width = resamples.half_width(tested.y, hit, labels=labels)
    return Accuracy(recall_interval(right, clips, half_width=half_width), float(hit.mean()), right, clips, confusion)
