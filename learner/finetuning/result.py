"""What came out: scores by fold and run, and over all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from learner.arrays import Float64Array, Int64Array
from learner.corpora.clips import LeftOut
from learner.evaluation.accuracy import UNTRAINED
from learner.evaluation.intervals import SpeakerResamples, recall_interval
from learner.evaluation.paired import resampled_difference
from learner.finetuning.folds import Fold
from learner.finetuning.recipe import P_TAPT

VARIANT = "The pseudo-labels come from a V-FT of the encoder at hand, not from wav2vec v1 as in the paper: a variant of P-TAPT."


@dataclass(frozen=True)
class RunOfFold:
    """What one network predicts for the held-out clips of its fold."""

    predicted: Int64Array
    """Class of each of the fold's `test` rows."""
    seconds: float
    remarks: tuple[str, ...] = ()
    """Such as steps that were skipped."""


@dataclass(frozen=True)
class FinetuneResult:
    """Every fold and run of one method; `runs[fold][run]`."""

    method: str
    encoder: str
    labels: list[str]
    y: Int64Array
    speakers: Int64Array
    """Speaker of each clip as a number, for the interval."""
    folds: list[Fold]
    runs: list[list[RunOfFold]]
    learned_from: int
    """Labels of a training fold, on average."""
    left_out: list[LeftOut] = field(default_factory=list)
    kept_in: Path | None = None
    """Folder of what is finished."""

    def predicted(self, run: int) -> Int64Array:
        """Class of every clip, by the networks of one run that were trained without it."""
        found = np.zeros(len(self.y), dtype=np.int64)
        for fold, runs in zip(self.folds, self.runs, strict=True):
            found[fold.test] = runs[run].predicted
        return found

    @property
    def fold_ua(self) -> Float64Array:
        """UA of each fold and run, [folds, runs]."""
        return np.array(
            [
                [_recall(self.y[fold.test], run.predicted)[1] for run in runs]
                for fold, runs in zip(self.folds, self.runs, strict=True)
            ]
        )

    @property
    def seconds(self) -> float:
        """What all of it took."""
        return sum(run.seconds for runs in self.runs for run in runs)

    @property
    def remarks(self) -> list[str]:
        """What was unusual, with fold and run."""
        return [
            f"Fold {fold + 1}, run {number + 1}: {remark}"
            for fold, runs in enumerate(self.runs)
            for number, run in enumerate(runs)
            for remark in run.remarks
        ]

    def confusion(self) -> Int64Array:
        """[labels, labels]: clips by label and predicted label, each clip counted once a run."""
        count = len(self.labels)
        cells = np.zeros(count * count, dtype=np.int64)
        for run in range(len(self.runs[0])):
            predicted = self.predicted(run)
            known = predicted != UNTRAINED
            cells += np.bincount(self.y[known] * count + predicted[known], minlength=count * count)
        return cells.reshape(count, count)

    def to_json(self) -> dict[str, Any]:
        """The document that `earmark finetune --json` prints.

        `ua` is the mean over runs of the UA over all clips, each predicted without its speaker; its interval is the mean of those
        of the runs. The deviations are those of the folds' UA (mean over runs) and of the runs' UA.
        """
        resamples, scores = SpeakerResamples(self.speakers), []
        for run in range(len(self.runs[0])):
            hit = self.predicted(run) == self.y
            clips = np.bincount(self.y, minlength=len(self.labels))
            right = np.bincount(self.y[hit], minlength=len(self.labels))
            half = resamples.half_width(self.y, hit, labels=len(self.labels))
            scores.append(recall_interval(right, clips, half_width=half))
        by_fold = self.fold_ua
        return {
            "method": self.method,
            "encoder": self.encoder,
            "variant": VARIANT if self.method == P_TAPT else None,
            "folds": [
                {
                    "held_out": list(fold.held_out),
                    "clips": len(fold.test),
                    "runs": [self._run_json(fold, run) for run in runs],
                }
                for fold, runs in zip(self.folds, self.runs, strict=True)
            ],
            "ua": _rounded(float(np.mean([score.value for score in scores]))),
            "ua_fold_std": _rounded(_deviation(by_fold.mean(axis=1))),
            "ua_run_std": _rounded(_deviation(np.array([score.value for score in scores]))),
            "ua_median": _rounded(float(np.median(by_fold))),
            "ua_low": _rounded(float(np.mean([score.low for score in scores]))),
            "ua_high": _rounded(float(np.mean([score.high for score in scores]))),
            "confusion": {"labels": self.labels, "counts": self.confusion().tolist()},
            "labels_per_fold": self.learned_from,
            "remarks": self.remarks,
            "seconds": round(self.seconds, 1),
        }

    def _run_json(self, fold: Fold, run: RunOfFold) -> dict[str, Any]:
        y = self.y[fold.test]
        recall, ua = _recall(y, run.predicted)
        return {
            "ua": _rounded(ua),
            "wa": _rounded(float((run.predicted == y).mean())),
            "f1": _rounded(_macro_f1(y, run.predicted)),
            "recall": {self.labels[label]: _rounded(value) for label, value in recall.items()},
            "seconds": round(run.seconds, 1),
        }


def paired_difference(one: FinetuneResult, other: FinetuneResult) -> tuple[float, float, float]:
    """How much higher the UA of `one` is, with its 95% interval over speakers: the same ones are resampled for both.

    Runs are averaged first. With fewer than three speakers the interval is from -1 to 1.
    """
    hits = [[result.predicted(run) == result.y for run in range(len(result.runs[0]))] for result in (one, other)]
    found = resampled_difference(one.y, hits[0], hits[1], SpeakerResamples(one.speakers), labels=len(one.labels))
    return found.value, found.low, found.high


def _recall(y: Int64Array, predicted: Int64Array) -> tuple[dict[int, float], float]:
    found = {int(label): float((predicted[y == label] == label).mean()) for label in np.unique(y)}
    return found, float(np.mean(list(found.values())))


def _macro_f1(y: Int64Array, predicted: Int64Array) -> float:
    """Mean over the labels that the clips have."""
    found = []
    for label in np.unique(y):
        right = float(((predicted == label) & (y == label)).sum())
        found.append(2 * right / float((predicted == label).sum() + (y == label).sum()))
    return float(np.mean(found))


def _deviation(values: Float64Array) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def _rounded(value: float) -> float:
    return round(value, 4)
