"""Whether to normalise each speaker's clips by that speaker: decided on labels, by cross-validation over speakers, never assumed.

Normalisation raises accuracy by up to ten points where every speaker has every label, and ruins it where speakers coincide with
labels. So the labelled clips must show two things: labels differ within speakers as they do between them, and normalisation
improves predictions for held-out speakers.

The cross-validation is that of `learner.heads.grouped_trial`; `learner.heads.words` then decides on words beside sound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from learner.arrays import Float32Array, Int64Array
from learner.dataset.pool import Pool
from learner.dataset.speaker_norm import NONE, SPEAKER
from learner.heads.grouped_trial import held_out_scores, is_better, some

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
"""In standard errors, see `is_better`."""


@dataclass(frozen=True)
class InputChoice:
    """What a head gets, and why, as sentences. They name no score: a score that was used to choose is too optimistic."""

    normalisation: str
    """Of the sound: `NONE` or `SPEAKER`."""
    why: str
    words: bool = False
    """Whether the words of clips stand beside their sound."""
    words_why: str = ""
    """Empty where the project has no vectors of words."""


NO_LABELS = InputChoice(NONE, "There are no labels yet.")


def choose_normalisation(pool: Pool, clip_ids: Int64Array, y: Int64Array, vectors: Float32Array) -> InputChoice:
    """The choice for these labelled clips.

    Args:
        clip_ids: in ascending order.
        y: their labels.
        vectors: their features as they are, [n, dim].
    """
    if pool.why_not_by_speaker is not None:
        return InputChoice(NONE, pool.why_not_by_speaker)
    if len(clip_ids) < LEAST_LABELS:
        return InputChoice(NONE, f"There are too few labels to decide: {len(clip_ids)} of {LEAST_LABELS}.")
    kept = some(clip_ids)
    clip_ids, y, vectors = clip_ids[kept], y[kept], vectors[kept]
    refused = _confounded(pool.folds.groups(clip_ids.tolist()), y)
    if refused is not None:
        return InputChoice(NONE, refused)
    folds = pool.folds.folds(clip_ids.tolist())
    if len(np.unique(folds)) < 3:
        return InputChoice(NONE, "The labelled clips come from too few speakers to decide.")
    with_it = held_out_scores(pool.inputs_of(vectors, clip_ids, SPEAKER), y, folds)
    without = held_out_scores(pool.standardised(vectors), y, folds)
    tried = f"Cross-validation over speakers with {len(y)} labels"
    if is_better(with_it, without, y, least_gain=LEAST_GAIN, least_hits=LEAST_HITS):
        return InputChoice(SPEAKER, f"{tried} shows that this improves predictions for held-out speakers.")
    return InputChoice(NONE, f"{tried} does not show clearly that it improves predictions for held-out speakers.")


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
