"""The search for labels with few examples: how much a clip promises to be of one.

A label with two examples among a hundred gains most by a third one. What is promised is the probability that the asking head
gives to rare labels (its classes weigh the same, however many examples they have), and, where clips of one speaker are known to
share labels more often than others, the labels of the speaker's other clips.
"""

from __future__ import annotations

import numpy as np

from learner.arrays import Float32Array, Float64Array, Int64Array

ENOUGH = 8
"""Examples with which a label is rare no more, however many the others have."""
IMBALANCE = 4.0
"""How many times as many examples the most frequent label has before any other counts as rare."""
_OWN_WEIGHT = 3.0
"""A speaker's known labels count as so many times the head's word, where speakers tell of labels."""


def rarity(y: Int64Array, classes: Int64Array) -> Float64Array | None:
    """How much each of the classes is sought, 0 to 1; None when none is rare.

    Args:
        y: labels of the known clips.
        classes: those to weigh.
    """
    counts = np.array([(y == label).sum() for label in classes], dtype=np.float64)
    rare = (counts < ENOUGH) & (counts * IMBALANCE <= counts.max())
    if not rare.any():
        return None
    sought: Float64Array = np.where(rare, 1.0 / np.square(counts), 0.0)
    most: Float64Array = sought / sought.max()
    return most


def promise(
    chances: Float32Array, sought: Float64Array, classes: Int64Array, *, speakers: Int64Array, known: Int64Array, y: Int64Array
) -> Float64Array:
    """How much each clip promises, [n].

    Args:
        chances: probabilities [n, classes] by the asking head.
        sought: see `rarity`.
        speakers: number of each clip's speaker, [n].
        known, y: speakers and labels of the known clips.
    """
    share = speakers_tell(known, y)
    believed = chances.astype(np.float64)
    if share > 0:
        weight = _OWN_WEIGHT * share
        for speaker in np.unique(known):
            here = speakers == speaker
            if here.any():
                own = np.array([(y[known == speaker] == label).sum() for label in classes], dtype=np.float64)
                believed[here] = (believed[here] + weight * own) / (1.0 + weight * own.sum())
    found: Float64Array = believed @ sought
    return found


def speakers_tell(speakers: Int64Array, y: Int64Array) -> float:
    """How much a speaker tells of labels: 0 where clips of one speaker differ in label as often as others, 1 where never."""
    one, two = np.triu_indices(len(y), k=1)
    same, differs = speakers[one] == speakers[two], y[one] != y[two]
    if not same.any() or not differs[~same].any():
        return 0.0
    # Two pairs more, half of them different, so that a single pair proves nothing.
    within = (differs[same].sum() + 2 * differs[~same].mean()) / (same.sum() + 2)
    return float(np.clip(1.0 - within / differs[~same].mean(), 0.0, 1.0))
