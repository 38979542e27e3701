"""The search for labels with few examples: how much a clip promises to be of one.

A label with two examples among a hundred gains most by a third one. The promise of a clip is the probability that the query
head gives to rare labels (its classes weigh the same, however many examples they have). Where clips of one speaker share labels
more often than others, the labels of the speaker's other clips count too.
"""

from __future__ import annotations

import numpy as np

from learner.arrays import Float32Array, Float64Array, Int64Array

ENOUGH = 8
"""With so many examples a label is no longer rare, however many the others have."""
IMBALANCE = 4.0
"""A label is rare only if the most frequent label has at least so many times as many examples."""
_OWN_WEIGHT = 3.0
"""Weight of a speaker's known label relative to the head's prediction, where all clips of a speaker share one label."""


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
    """The promise of each clip, [n].

    Args:
        chances: probabilities [n, classes] by the query head.
        sought: see `rarity`.
        speakers: number of each clip's speaker, [n].
        known, y: speakers and labels of the known clips.
    """
    share = speaker_dependence(known, y)
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


def speaker_dependence(speakers: Int64Array, y: Int64Array) -> float:
    """How much labels depend on speakers: 0 where clips of one speaker differ in label as often as others, 1 where never."""
    one, two = np.triu_indices(len(y), k=1)
    same, differs = speakers[one] == speakers[two], y[one] != y[two]
    if not same.any() or not differs[~same].any():
        return 0.0
    # Two pairs are added that differ as often as those of different speakers, so that a single pair proves nothing.
    within = (differs[same].sum() + 2 * differs[~same].mean()) / (same.sum() + 2)
    return float(np.clip(1.0 - within / differs[~same].mean(), 0.0, 1.0))
