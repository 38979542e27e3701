"""The clips behind the confusion matrix, so that a page can play what the classifier mixes up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from db.reports import ConfusedClip
from learner.arrays import Float64Array
from learner.dataset.tested_slice import Slice

MOST = 2000
"""With more clips, errors come first, and of each kind those that the classifier is most sure of."""


def confused_clips(
    tested: Slice, probabilities: Float64Array, label_ids: Sequence[int], *, most: int = MOST
) -> list[ConfusedClip]:
    """Errors first, and each most confident first; at most `most`. Clips that no head could predict are left out.

    Args:
        probabilities: from `learner.evaluation.cross_fitting.cross_fitted_probabilities`, [clips, labels].
    """
    trained = np.flatnonzero(probabilities.sum(axis=1) > 0)
    predicted, confidence = probabilities[trained].argmax(axis=1), probabilities[trained].max(axis=1)
    order = np.lexsort((-confidence, predicted == tested.y[trained]))[:most]
    return [
        ConfusedClip(
            clip=tested.clip_ids[trained[place]],
            label=label_ids[tested.y[trained[place]]],
            predicted=label_ids[predicted[place]],
            confidence=round(float(confidence[place]), 4),
        )
        for place in order.tolist()
    ]
