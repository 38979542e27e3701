"""Several annotators' answers merged: a consensus for each clip with its quality, and each annotator's quality (CROWDLAB).

Goh, Tkachenko, Mueller 2022, *CROWDLAB: Supervised learning to infer consensus labels and quality scores for data with multiple
annotators*, as cleanlab implements it: the head is one more annotator, weighed by how often it agrees with the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from cleanlab.multiannotator import get_label_quality_multiannotator

from db.decisions.log import LiveDecision
from db.models import Answer
from learner.arrays import BoolArray, Float64Array, Int64Array
from learner.label_quality.silence import silence

NO_LABEL = np.nan


@dataclass(frozen=True)
class Opinions:
    """Who gave which label: positions of labels [clips, annotators], NaN where an annotator did not label the clip."""

    clip_ids: Int64Array
    annotator_ids: list[int]
    labels: Float64Array

    @property
    def several(self) -> BoolArray:
        """Which clips have labels of two annotators or more."""
        found: BoolArray = (~np.isnan(self.labels)).sum(axis=1) > 1
        return found


@dataclass(frozen=True)
class Merged:
    """The consensus of the clips in the order of `Opinions.clip_ids`, and the quality (0 to 1) of each annotator."""

    label_ids: list[int]
    annotators: dict[int, float] = field(default_factory=dict)


def opinions(live: Sequence[LiveDecision], label_ids: Sequence[int]) -> Opinions:
    """The blind labels that stand, by clip and annotator in ascending order. A reviewer's gold and anything that is no label in
    use are left out. So are answers given with a suggestion on screen or in a grid: they show little about their annotator.
    """
    position = {label: number for number, label in enumerate(label_ids)}
    found = {
        (decision.clip_id, decision.annotator_id): position[decision.label_id]
        for decision in live
        if decision.answer == Answer.LABEL and decision.label_id in position and not decision.gold and decision.blind
    }
    clips = sorted({clip for clip, _ in found})
    annotators = sorted({annotator for _, annotator in found})
    labels = np.full((len(clips), len(annotators)), NO_LABEL)
    row, column = {clip: at for at, clip in enumerate(clips)}, {annotator: at for at, annotator in enumerate(annotators)}
    for (clip, annotator), label in found.items():
        labels[row[clip], column[annotator]] = label
    return Opinions(np.array(clips, dtype=np.int64), annotators, labels)


def merged(given: Opinions, probabilities: Float64Array, label_ids: Sequence[int]) -> Merged | None:
    """The consensus, or None where nobody labelled a clip that somebody else labelled too: then there is nothing to merge.

    Args:
        probabilities: out of fold, [clips, labels], in the order of `given.clip_ids`.
    """
    if not given.several.any() or len(label_ids) < 2:
        return None
    agreed = np.array([_agreed(row) for row in given.labels[given.several]])
    if not agreed.any():
        # Weights come from agreement; without any agreement they cannot be estimated.
        return None
    with silence():
        found = get_label_quality_multiannotator(given.labels, probabilities, return_detailed_quality=False, verbose=False)
    table, annotators = found["label_quality"], found["annotator_stats"]
    return Merged(
        label_ids=[int(label_ids[int(label)]) for label in table["consensus_label"]],
        # The quality of an annotator who shares no clip with anybody may be undefined.
        annotators={
            given.annotator_ids[int(number)]: float(score)
            for number, score in annotators["annotator_quality"].items()
            if np.isfinite(score)
        },
    )


def _agreed(row: Float64Array) -> bool:
    return max(Counter(row[~np.isnan(row)].tolist()).values()) > 1
