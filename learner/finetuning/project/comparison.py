"""A fine-tuned network beside the live head: both cross-fitted on the same clips of the random slice, in the same folds."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from db.finetuned.document import Accuracy, Finetuned, Method
from learner.arrays import Int64Array
from learner.evaluation import accuracy as scores
from learner.evaluation.intervals import SpeakerResamples
from learner.evaluation.significance.mcnemar import McNemar, mcnemar_over_runs
from learner.evaluation.significance.recall_difference import recall_difference
from learner.finetuning.project.decisions import ByDecisions
from learner.finetuning.recipe import FROZEN
from learner.finetuning.result import FinetuneResult


@dataclass(frozen=True)
class ProjectResult:
    """What a method gives on a project. The rows of `result` are the tested clips of the random slice."""

    result: FinetuneResult
    frozen: scores.Accuracy
    """That of the live head on the same labels, clips and folds."""
    document: Finetuned | None
    """What the project keeps of it; None for the method `frozen`."""
    p: float | None = None
    """Of the difference in UA; below 5% exactly where its interval excludes 0."""
    mcnemar: McNemar | None = None
    """Of the networks against the head on the tested clips."""

    def to_json(self) -> dict[str, Any]:
        """The document that `earmark finetune --json` prints: that of a manifest, and the comparison as `project`.

        `significance`: the p of the difference in UA, and of McNemar's exact test on the clips that only one predicts correctly.
        """
        document = self.result.to_json()
        kept = self.document
        return {
            **document,
            "frozen": _as_kept(self.frozen).model_dump(mode="json"),
            "project": None if kept is None else kept.as_document(),
            "significance": None if self.mcnemar is None or self.p is None else _significance(self.p, self.mcnemar),
        }


def compared(decisions: ByDecisions, result: FinetuneResult, frozen: Int64Array) -> ProjectResult:
    """The comparison.

    Args:
        result: of the tested clips.
        frozen: label position that the live head predicts for each tested clip, or `UNTRAINED`.
    """
    tested, labels = decisions.tested, len(decisions.label_ids)
    resamples = SpeakerResamples(tested.groups)
    of_head = scores.accuracy(tested, frozen, resamples, labels=labels)
    if result.method == FROZEN:
        return ProjectResult(result, of_head, None)
    predicted = [result.predicted(run) for run in range(len(result.runs[0]))]
    hits = [each == tested.y for each in predicted]
    found = recall_difference(tested.y, hits, [frozen == tested.y], resamples, labels=labels)
    runs = [_as_kept(scores.accuracy(tested, each, resamples, labels=labels)) for each in predicted]
    counts = Counter(decisions.labels.values())
    named = zip(decisions.label_ids, decisions.label_names, strict=True)
    document = Finetuned(
        at=time.time(),
        method=cast(Method, result.method),
        encoder=result.encoder,
        frozen_encoder=decisions.encoder,
        labels=len(decisions.labels),
        per_label={name: counts[label] for label, name in named},
        last_decision_id=decisions.last_decision_id,
        slice_clips=len(tested.y),
        groups=len(np.unique(tested.groups)),
        folds=len(result.folds),
        runs=len(runs),
        tuned=Accuracy(
            ua=_mean([run.ua for run in runs]),
            ua_low=_mean([run.ua_low for run in runs]),
            ua_high=_mean([run.ua_high for run in runs]),
            wa=_mean([run.wa for run in runs]),
        ),
        frozen=_as_kept(of_head),
        difference=round(found.value, 6),
        difference_low=round(found.low, 6),
        difference_high=round(found.high, 6),
        seconds=round(result.seconds, 1),
        remarks=result.remarks,
    )
    return ProjectResult(result, of_head, document, found.p, mcnemar_over_runs(hits, [frozen == tested.y] * len(hits)))


def _significance(p: float, mcnemar: McNemar) -> dict[str, Any]:
    return {
        "p": float(f"{p:.3g}"),
        "mcnemar": {
            "only_finetuned": round(mcnemar.only_one, 6),
            "only_frozen": round(mcnemar.only_other, 6),
            "p": float(f"{mcnemar.p:.3g}"),
        },
    }


def _as_kept(found: scores.Accuracy) -> Accuracy:
    ua = found.ua
    return Accuracy(ua=round(ua.value, 6), ua_low=round(ua.low, 6), ua_high=round(ua.high, 6), wa=round(found.wa, 6))


def _mean(values: list[float]) -> float:
    return round(float(np.mean(values)), 6)
