"""The clips of a project as rows: what each fold learns from, and what it is scored on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from learner.arrays import BoolArray, Int64Array
from learner.corpora.clips import ProbeClip, clip_key
from learner.dataset.folds import held_out_in_turn
from learner.dataset.tested_slice import Slice
from learner.evaluation.accuracy import UNTRAINED
from learner.finetuning.folds import Fold
from learner.finetuning.kept import digest
from learner.finetuning.project.decisions import ByDecisions
from learner.finetuning.result import RunOfFold


@dataclass(frozen=True)
class Material:
    """Rows are clips in the order of their ids: those that are learned from, those that are tested, and some beside them."""

    decisions: ByDecisions
    """Without clips whose audio cannot be read."""
    clips: list[ProbeClip]
    clip_ids: Int64Array
    y: Int64Array
    """Position of the label that is learned from; 0 where there is none."""
    learnable: BoolArray
    """Which rows have one."""
    folds: list[Fold]
    """One for each fold of the project that has tested clips. All clips of a fold are held out, also those that are not tested:
    they show what their speakers have in common, without their labels."""
    tested_rows: Int64Array
    """Row of each tested clip."""

    def labelled(self, fold: Fold) -> Int64Array:
        """The rows whose labels a fold learns from."""
        found: Int64Array = fold.train[self.learnable[fold.train]]
        return found

    def fingerprint(self) -> dict[str, Any]:
        """What results depend on, in JSON's types."""
        decisions, tested = self.decisions, self.decisions.tested
        weights = [decisions.labels.weights.get(clip, 1.0) for clip in self.clip_ids.tolist()]
        listed = zip(self.clips, self.clip_ids.tolist(), self.y.tolist(), self.learnable.tolist(), weights, strict=True)
        of_clips = [[clip_key(clip), clip.speaker, *rest] for clip, *rest in listed]
        of_slice = [tested.clip_ids, tested.y.tolist(), [fold.test.tolist() for fold in self.folds]]
        return {"decisions": digest([decisions.label_names, of_clips, of_slice]), "head": decisions.pool.features.feature_set_id}

    def as_listed(self) -> dict[str, Any]:
        """The decisions, for a person who looks them up: labels by clip."""
        decisions = self.decisions
        names = dict(zip(decisions.label_ids, decisions.label_names, strict=True))
        tested = zip(decisions.tested.clip_ids, decisions.tested.y.tolist(), strict=True)
        return {
            "last_decision_id": decisions.last_decision_id,
            "learned_from": {str(clip): names[decisions.labels[clip]] for clip in decisions.clip_ids},
            "tested": {str(clip): decisions.label_names[label] for clip, label in tested},
            "clips": self.clip_ids.tolist(),
        }

    def of_tested(self, found: dict[tuple[int, int], RunOfFold], *, runs: int) -> tuple[list[Fold], list[list[RunOfFold]]]:
        """Folds and predictions of the tested clips alone, as rows of the slice."""
        folds, predicted = [], []
        fold_of = self.decisions.tested.folds
        for number, (_, held_out) in enumerate(held_out_in_turn(fold_of)):
            whole, mine = self.folds[number], np.flatnonzero(held_out)
            folds.append(Fold(whole.held_out, np.flatnonzero(~held_out), mine))
            places = np.searchsorted(whole.test, self.tested_rows[mine])
            predicted.append([replace(found[number, run], predicted=found[number, run].predicted[places]) for run in range(runs)])
        return folds, predicted


def material_of(decisions: ByDecisions, clips: Sequence[ProbeClip], clip_ids: Int64Array) -> Material:
    """The rows of these clips, whose audio can be read; ids ascend."""
    decisions = _only(decisions, clip_ids)
    position = {label: place for place, label in enumerate(decisions.label_ids)}
    labels = [decisions.labels.get(clip) for clip in clip_ids.tolist()]
    fold_of = decisions.pool.folds.folds(clip_ids)
    tested = decisions.tested
    tested_rows = np.searchsorted(clip_ids, np.array(tested.clip_ids, dtype=np.int64)).astype(np.int64)
    folds = []
    for number, held_out in held_out_in_turn(tested.folds):
        names = sorted({clips[row].speaker or "unknown" for row in tested_rows[held_out].tolist()})
        folds.append(Fold(tuple(names), np.flatnonzero(fold_of != number), np.flatnonzero(fold_of == number)))
    return Material(
        decisions=decisions,
        clips=list(clips),
        clip_ids=clip_ids,
        y=np.array([0 if label is None else position[label] for label in labels], dtype=np.int64),
        learnable=np.array([label is not None for label in labels], dtype=np.bool_),
        folds=folds,
        tested_rows=tested_rows,
    )


def _only(decisions: ByDecisions, clip_ids: Int64Array) -> ByDecisions:
    """The decisions on some clips."""
    known, tested = set(clip_ids.tolist()), decisions.tested
    kept = np.array([clip in known for clip in tested.clip_ids], dtype=np.bool_)
    if kept.all() and known >= decisions.labels.keys():
        return decisions
    return replace(
        decisions,
        labels=decisions.labels.only([clip for clip in decisions.labels if clip in known]),
        tested=Slice(
            clip_ids=[clip for clip in tested.clip_ids if clip in known],
            y=tested.y[kept],
            folds=tested.folds[kept],
            groups=tested.groups[kept],
            vectors=tested.vectors[kept],
        ),
    )


def without_training(y: Int64Array, fold: Fold) -> RunOfFold:
    """What a fold predicts that has labels of one class to learn from, or none."""
    only = int(y[0]) if len(y) else UNTRAINED
    return RunOfFold(np.full(len(fold.test), only, dtype=np.int64), 0.0, ("all clips to learn from have one label",))
