"""How often the classifier is right if only what it is sure of is taken: precision and what is kept, label by label.

Measured on the random slice, with predictions of heads that were not trained on the clip's speaker. The confidence is that of the
head as it is: what pages, exports and `earmark predict` show. It need not be calibrated, because what a confidence is worth is
measured here.

The interval is Wilson's. Where the clips of a speaker are right or wrong together, they say less than as many independent ones:
then it is made for the number of independent clips that would vary as much between speakers (Korn, Graubard 1998, *Confidence
intervals for proportions with small expected number of positive counts estimated from survey data*).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from db.reports import ThresholdPoint
from learner.arrays import BoolArray, Float64Array, Int64Array
from learner.evaluation.intervals import LEAST_CLUSTERS, LEVEL

THRESHOLDS = (*(round(0.05 * step, 2) for step in range(20)), 0.98, 0.99)


def threshold_points(
    probabilities: Float64Array, y: Int64Array, groups: Int64Array, label_names: Sequence[str]
) -> dict[str, list[ThresholdPoint]]:
    """For each label that any clip is predicted as, the points up to the first that keeps nothing.

    Args:
        probabilities: from `learner.evaluation.cross_fitting.cross_fitted_probabilities`, [clips, labels].
        y: position of the true label of each clip.
        groups: number of the speaker of each clip.
    """
    trained = probabilities.sum(axis=1) > 0
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    hit = predicted == y
    found = {}
    for position, name in enumerate(label_names):
        rows = trained & (predicted == position)
        if rows.any():
            found[name] = _points(confidence[rows], hit[rows], groups[rows])
    return found


def _points(confidence: Float64Array, hit: BoolArray, groups: Int64Array) -> list[ThresholdPoint]:
    points: list[ThresholdPoint] = []
    for threshold in THRESHOLDS:
        kept = confidence >= threshold
        low, high = precision_interval(hit[kept], groups[kept])
        point = ThresholdPoint(
            threshold=threshold,
            precision=round(float(hit[kept].mean()), 4) if kept.any() else None,
            low=round(low, 4),
            high=round(high, 4),
            kept=round(float(kept.mean()), 4),
            clips=int(kept.sum()),
        )
        points.append(point)
        if not point.clips:
            break
    return points


def precision_interval(hit: BoolArray, groups: Int64Array) -> tuple[float, float]:
    """95% bounds of the share that is right; 0 and 1 without clips.

    Args:
        hit: which clips are right.
        groups: number of the speaker of each clip.
    """
    clips = len(hit)
    if not clips:
        return 0.0, 1.0
    share, worth = float(hit.mean()), _worth(hit, groups)
    z = float(stats.norm.ppf((1 + LEVEL) / 2))
    centre = (share + z * z / (2 * worth)) / (1 + z * z / worth)
    half = z / (1 + z * z / worth) * np.sqrt(share * (1 - share) / worth + z * z / (4 * worth * worth))
    return max(0.0, min(float(centre - half), share)), min(1.0, max(float(centre + half), share))


def _worth(hit: BoolArray, groups: Int64Array) -> float:
    """How many independent clips are as informative as these."""
    share, clips = float(hit.mean()), len(hit)
    _, numbers = np.unique(groups, return_inverse=True)
    count = int(numbers.max()) + 1
    if count < LEAST_CLUSTERS or not 0 < share < 1:
        return float(clips)
    off = np.bincount(numbers, weights=hit - share)
    variance = count / (count - 1) * float(np.square(off).sum()) / clips**2
    return clips / max(variance / (share * (1 - share) / clips), 1.0)
