"""Whether the next answer is better spent on a new clip or on one that has labels already (ActiveLab).

Goh, Mueller 2023, *ActiveLab: Active Learning with Re-Labeling by Multiple Annotators*, as cleanlab implements it: labelled and
new clips get comparable scores; one more answer is worth most where the score is lowest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from cleanlab.multiannotator import get_active_learning_scores

from learner.arrays import Float64Array, Int64Array
from learner.label_quality.crowdlab import Opinions
from learner.label_quality.silence import silence


@dataclass(frozen=True)
class NextAnswer:
    """A clip worth an answer; `again` is True if it has a label already."""

    clip_id: int
    score: float
    again: bool


def worth_asking(
    given: Opinions, probabilities: Float64Array, new_ids: Int64Array, new_probabilities: Float64Array
) -> list[NextAnswer]:
    """All clips, those where an answer is worth most first.

    Args:
        probabilities: of the labelled clips, out of fold, in the order of `given.clip_ids`.
        new_ids: clips without a label.
        new_probabilities: theirs.
    """
    if not len(given.clip_ids):
        return []
    with silence():
        labelled, new = get_active_learning_scores(given.labels, probabilities, new_probabilities if len(new_ids) else None)
    scores = np.concatenate([labelled, new])
    clips = np.concatenate([given.clip_ids, new_ids])
    order = np.argsort(scores, kind="stable")
    return [NextAnswer(int(clips[row]), float(scores[row]), bool(row < len(labelled))) for row in order]
