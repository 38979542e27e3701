"""TODO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from learner.dataset.pool import Pool
from learner.dataset.tested_slice import Slice
from learner.evaluation.accuracy import Accuracy, accuracy
from learner.evaluation.cross_fitting import Between, FoldHeads, cross_fitted, normalised_folds
from learner.evaluation.intervals import SpeakerResamples, label_intervals
from learner.heads.normalisation import Decision


def plain_accuracy(
    heads: FoldHeads,
    tested: Slice,
    labels: Mapping[int, int],
    label_ids: Sequence[int],
    *,
    adaptive: Accuracy | None,
    between: Between,
) -> Accuracy | None:
    """What `cross_fitted` scores without any normalisation: the accuracy of the head for audio of unknown speakers.

    Args:
        adaptive: its accuracy with the decisions that the folds made, which is the same where none normalises.
    """
    folds = len(np.unique(tested.folds))
    if adaptive is None or not normalised_folds(heads, tested, labels):
        return adaptive
    predicted = cross_fitted(heads, tested, labels, label_ids, after_each=lambda: between(folds, folds), plain=True)
    return accuracy(tested, predicted, SpeakerResamples(tested.groups), labels=len(label_ids))


def normalisation_report(decision: Decision, plain: Accuracy | None, *, folds: int) -> dict[str, Any]:
    """What is told of normalisation, as JSON values.

    Keys: `normalisation` of the run's head ("speaker" or "none"), `normalisation_why` in words, `normalised_folds` (for how many
    folds of the evaluation the same was decided on their own labels), `plain` (ua, ua_low, ua_high, wa without normalisation, or
    None).
    """
    told = None
    if plain is not None:
        told = {"ua": plain.ua.value, "ua_low": plain.ua.low, "ua_high": plain.ua.high, "wa": plain.wa}
    return {
        "normalisation": decision.normalisation,
        "normalisation_why": decision.why,
        "normalised_folds": folds,
        "plain": told,
    }


def report_of(scored: Accuracy | None, tested: Slice, pool: Pool, label_names: Sequence[str]) -> dict[str, Any]:
    """What is told of an evaluation beside its accuracy, as JSON values.

    Keys: `per_label` (recall, low, high, clips by label; recall None without clips), `confusion` (labels, and counts with a row a
    true label), `missing_labels` (without clips in the slice), `grouped` (whether folds keep speakers whole), `folds`,
    `untrained` (clips that no head could be trained for).
    """
    report: dict[str, Any] = {
        "per_label": {},
        "confusion": {"labels": list(label_names), "counts": []},
        "missing_labels": list(label_names),
        "grouped": pool.folds.grouped,
        "folds": len(np.unique(tested.folds)),
        "untrained": 0,
    }
    if scored is None:
        return report
    for name, recall, clips in zip(label_names, label_intervals(scored.right, scored.clips), scored.clips.tolist(), strict=True):
        value = round(recall.value, 6) if clips else None
        report["per_label"][name] = {"recall": value, "low": round(recall.low, 6), "high": round(recall.high, 6), "clips": clips}
    report["confusion"]["counts"] = scored.confusion.tolist()
    report["missing_labels"] = [name for name, clips in zip(label_names, scored.clips, strict=True) if not clips]
    report["untrained"] = len(tested.y) - int(scored.confusion.sum())
    return report
