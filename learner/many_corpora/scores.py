"""How good predictions are: UA and WA with intervals over speakers, F1, recall by label, and the confusion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from learner.arrays import Int64Array
from learner.corpora.clips import ProbeClip
from learner.evaluation.intervals import SpeakerResamples, recall_interval


def scores(clips: Sequence[ProbeClip], y: Int64Array, predicted: Int64Array, *, labels: Sequence[str]) -> dict[str, Any]:
    """Scores of labelled clips, one at least; without a speaker each file counts as one."""
    count, hit = len(labels), predicted == y
    groups = np.unique([f"f{clip.path}" if clip.speaker is None else f"s{clip.speaker}" for clip in clips], return_inverse=True)[
        1
    ]
    resamples = SpeakerResamples(groups.astype(np.int64))
    of_label, right = np.bincount(y, minlength=count), np.bincount(y[hit], minlength=count)
    found = np.bincount(predicted, minlength=count)
    ua = recall_interval(right, of_label, half_width=resamples.half_width(y, hit, labels=count))
    # Plain accuracy is the recall of one class that all clips belong to.
    one = np.zeros(len(y), dtype=np.int64)
    wa = recall_interval(np.array([hit.sum()]), np.array([len(y)]), half_width=resamples.half_width(one, hit, labels=1))
    present = of_label > 0
    f1 = 2 * right[present] / np.maximum(of_label[present] + found[present], 1)
    return {
        "clips": len(y),
        "speakers": len(np.unique(groups)),
        "ua": _rounded(ua.value), "ua_low": _rounded(ua.low), "ua_high": _rounded(ua.high),
        "wa": _rounded(wa.value), "wa_low": _rounded(wa.low), "wa_high": _rounded(wa.high),
        "f1": _rounded(float(f1.mean())),
        "recall": {labels[number]: _rounded(right[number] / of_label[number]) for number in np.flatnonzero(present).tolist()},
        "confusion": {
            "labels": list(labels),
            "counts": np.bincount(y * count + predicted, minlength=count * count).reshape(count, count).tolist(),
        },
    }  # fmt: skip


def _rounded(value: float) -> float:
    return round(float(value), 6)
