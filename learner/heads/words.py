"""Whether words stand beside sound: decided on labels, by cross-validation over speakers, as speaker normalisation is.

Words help where the sound does not hold them already, and cost accuracy elsewhere: the head gets more features from as many
labels. The sound is normalised first, where that helps; the words must then improve on it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from learner.arrays import Float32Array, Float64Array, Int64Array
from learner.dataset.pool import Pool
from learner.dataset.speaker_norm import NONE
from learner.heads.grouped_trial import held_out_scores, is_better, some
from learner.heads.normalisation import InputChoice, choose_normalisation

LEAST_LABELS = 40
"""Labelled clips with words."""
LEAST_GAIN, LEAST_HITS = 1.5, 0.0
"""In standard errors, see `is_better`: more than speaker normalisation needs, since words cost more where they do not help.

Difference in UA to sound alone on `sample_data` at 31, 62, 125 and 240 labels, four runs. With log-mel, where words help: always
+.036 +.040 +.052 +.050; by (.5, -1), the bar of speaker normalisation, +.018 +.034 +.049 +.050; by (1.5, 0) -.005 +.009 +.043
+.048. With `bundled`, where they do not: always -.078 -.066 -.036 -.018; by (.5, -1) -.038 -.022 -.005 -.005; by (1.5, 0) -.011
-.005 .000 .000. So with 31 labels no rule does well, and none decides.
"""


def choose_inputs(pool: Pool, clip_ids: Int64Array, y: Int64Array, vectors: Float32Array) -> InputChoice:
    """The choice for these labelled clips.

    Args:
        clip_ids: in ascending order.
        y: their labels.
        vectors: the features of their sound as they are, [n, dim].
    """
    choice = choose_normalisation(pool, clip_ids, y, vectors)
    if pool.words is None:
        return choice
    words, why = _choose(pool, clip_ids, y, vectors, choice.normalisation)
    return replace(choice, words=words, words_why=why)


def input_statistics(pool: Pool, normalisation: str, *, words: bool) -> tuple[Float32Array, Float32Array]:
    """Mean and spread that standardise the inputs of `Pool.inputs_of`."""
    mean, scale = pool.mean, pool.scale
    if normalisation != NONE:
        # Features that are normalised by speaker are standardised already.
        mean, scale = np.zeros(pool.features.dim, dtype=np.float32), np.ones(pool.features.dim, dtype=np.float32)
    if not words:
        return mean, scale
    assert pool.words is not None
    return pool.words.statistics_beside(mean, scale)


def _choose(pool: Pool, clip_ids: Int64Array, y: Int64Array, vectors: Float32Array, normalisation: str) -> tuple[bool, str]:
    assert pool.words is not None
    known = int(pool.words.has(clip_ids).sum())
    if known < LEAST_LABELS:
        return False, f"There are too few labelled clips with words to decide: {known} of {LEAST_LABELS}."
    kept = some(clip_ids)
    clip_ids, y, vectors = clip_ids[kept], y[kept], vectors[kept]
    folds = pool.folds.folds(clip_ids.tolist())
    if len(np.unique(folds)) < 3:
        return False, "The labelled clips come from too few speakers to decide."
    if len(np.unique(y)) < 2:
        return False, "The labelled clips have one label only."

    def scores(*, words: bool) -> Float64Array:
        mean, scale = input_statistics(pool, normalisation, words=words)
        return held_out_scores((pool.inputs_of(vectors, clip_ids, normalisation, words=words) - mean) / scale, y, folds)

    tried = f"Cross-validation over speakers with {len(y)} labels"
    if is_better(scores(words=True), scores(words=False), y, least_gain=LEAST_GAIN, least_hits=LEAST_HITS):
        return True, f"{tried} shows that this improves predictions for held-out speakers."
    return False, f"{tried} does not show clearly that it improves predictions for held-out speakers."
