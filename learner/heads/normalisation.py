"""Whether to normalise each speaker's clips by that speaker: decided on labels, by cross-validation over speakers, never assumed.

Normalisation raises accuracy by up to ten points where every speaker has every label, and ruins it where speakers coincide with
labels. So the labelled clips must show two things: labels differ within speakers as they do between them, and normalisation
improves predictions for held-out speakers.

The cross-validation uses least squares in place of the head. The predictions of a fit without some clips then follow from one fit
with all clips (the residuals, divided by one minus the leverage). So a decision takes milliseconds, and every fold of the
evaluation can make its own. A decision depends only on features and on the labels it is given; nothing is kept from earlier ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from learner.arrays import Float32Array, Float64Array, Int64Array
from learner.dataset.folds import held_out_in_turn
from learner.dataset.pool import Pool
from learner.dataset.speaker_norm import NONE, SPEAKER

LEAST_LABELS = 16
LEAST_PAIRS = 10
"""Pairs of labelled clips of one speaker; with fewer, nothing is known about labels within speakers. Where each speaker of
EmoDB or RAVDESS has one or two labels only, no draw of 16 to 60 labelled clips led to normalisation."""
LEAST_DIFFERENCE = 0.8
"""How often two clips of one speaker must differ in label, relative to two of different speakers (1 where speaker and label are
independent, 0 where a speaker has one label).

EmoDB and RAVDESS reduced to a few labels for each speaker, with 100 labelled clips (log-mel, gain in UA by normalisation): two
labels (.57, .61) -.07 and -.02; three (.77, .79) -.02 and -.01; four (.87) +.02 and +.06; five (.93) +.08 and +.06.
"""
LEAST_GAIN, LEAST_HITS = 0.5, -1.0
"""In standard errors: how much the squared error must fall, and how many correct predictions may be lost and still count as
chance. The squared error shows with 30 labels what the number of correct predictions shows with 200."""
MOST_LABELS = 400
"""Of more labelled clips, only so many are used, drawn by hash: they are enough for a clear decision."""
_RIDGE = 0.25
"""Regularisation, relative to the mean square of a clip."""


@dataclass(frozen=True)
class NormalisationChoice:
    """`NONE` or `SPEAKER`, and why, as a sentence. It names no score: a score that was used to choose is too optimistic."""

    normalisation: str
    why: str


NO_LABELS = NormalisationChoice(NONE, "There are no labels yet.")


def choose_normalisation(pool: Pool, clip_ids: Int64Array, y: Int64Array, vectors: Float32Array) -> NormalisationChoice:
    """The choice for these labelled clips.

    Args:
        clip_ids: in ascending order.
        y: their labels.
        vectors: their features as they are, [n, dim].
    """
    if pool.why_not_by_speaker is not None:
        return NormalisationChoice(NONE, pool.why_not_by_speaker)
    if len(clip_ids) < LEAST_LABELS:
        return NormalisationChoice(NONE, f"There are too few labels to decide: {len(clip_ids)} of {LEAST_LABELS}.")
    kept = _some(clip_ids)
    clip_ids, y, vectors = clip_ids[kept], y[kept], vectors[kept]
    refused = _confounded(pool.folds.groups(clip_ids.tolist()), y)
    if refused is not None:
        return NormalisationChoice(NONE, refused)
    folds = pool.folds.folds(clip_ids.tolist())
    if len(np.unique(folds)) < 3:
        return NormalisationChoice(NONE, "The labelled clips come from too few speakers to decide.")
    with_it = _held_out(pool.inputs_of(vectors, clip_ids, SPEAKER), y, folds)
    without = _held_out(pool.standardised(vectors), y, folds)
    tried = f"Cross-validation over speakers with {len(y)} labels"
    if _is_better(with_it, without, y):
        return NormalisationChoice(SPEAKER, f"{tried} shows that this improves predictions for held-out speakers.")
    return NormalisationChoice(NONE, f"{tried} does not show clearly that it improves predictions for held-out speakers.")


def _some(clip_ids: Int64Array) -> Int64Array:
    """Positions of at most MOST_LABELS clips, drawn by a hash of the clip id and not by position."""
    if len(clip_ids) <= MOST_LABELS:
        return np.arange(len(clip_ids))
    hashes = (clip_ids.astype(np.uint64) * np.uint64(2654435761)) % np.uint64(2**32)
    return np.sort(np.argsort(hashes, kind="stable")[:MOST_LABELS])


def _confounded(speakers: Int64Array, y: Int64Array) -> str | None:
    """Why the effects of speakers and labels cannot be separated, as a sentence; None if they can."""
    one, two = np.triu_indices(len(y), k=1)
    same, differs = speakers[one] == speakers[two], y[one] != y[two]
    if same.sum() < LEAST_PAIRS or not differs[~same].any():
        return "The labels do not show yet whether speakers coincide with labels."
    ratio = float(differs[same].mean() / differs[~same].mean())
    if ratio < LEAST_DIFFERENCE:
        return (
            f"Speakers coincide with labels: two clips of one speaker differ in label {ratio:.2f} times as often as "
            "two clips of different speakers."
        )
    return None


def _held_out(inputs: Float32Array, y: Int64Array, folds: Int64Array) -> Float64Array:
    """Class scores [n, classes] of each clip by least squares on the clips of the other folds; classes weigh the same."""
    classes, targets = np.unique(y, return_inverse=True)
    wanted = np.eye(len(classes))[targets] - 1 / len(classes)
    inner = (inputs @ inputs.T).astype(np.float64)
    size = max(float(np.trace(inner)) / len(inner), 1e-9)
    # The intercept is a constant feature as large as a clip.
    system = inner + size
    system[np.diag_indices_from(system)] += _RIDGE * size * np.bincount(targets)[targets] * len(classes) / len(y)
    inverse = cho_solve(cho_factor(system), np.eye(len(y)))
    residual, found = inverse @ wanted, np.empty_like(wanted)
    for _, held_out in held_out_in_turn(folds):
        here = np.flatnonzero(held_out)
        found[here] = wanted[here] - np.linalg.solve(inverse[np.ix_(here, here)], residual[here])
    return found


def _is_better(with_it: Float64Array, without: Float64Array, y: Int64Array) -> bool:
    classes, targets = np.unique(y, return_inverse=True)
    wanted = np.eye(len(classes))[targets] - 1 / len(classes)
    importance = 1 / np.bincount(targets)[targets]
    gain = importance * (np.square(without - wanted).sum(axis=1) - np.square(with_it - wanted).sum(axis=1))
    hits = importance * ((with_it.argmax(axis=1) == targets).astype(float) - (without.argmax(axis=1) == targets))
    return _in_errors(gain) > LEAST_GAIN and _in_errors(hits) > LEAST_HITS


def _in_errors(gains: Float64Array) -> float:
    """The sum of the gains in units of its standard error."""
    return float(gains.sum() / max(np.sqrt(np.square(gains).sum()), 1e-12))
