"""A project's clips as a corpus: the training of one fold of the random slice, and that on all labels.

A part of the clips that a network may learn from chooses its best weights (validation): whole speakers where that is possible, as
in corpora that come as manifests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from learner.arrays import Int64Array
from learner.evaluation.accuracy import UNTRAINED
from learner.finetuning.folds import Fold
from learner.finetuning.project.material import Material
from learner.finetuning.result import RunOfFold
from learner.many_corpora.corpora.parts import TEST, TRAIN, VALIDATION, Parts, parts_of
from learner.many_corpora.corpora.reading import ReadCorpus
from learner.many_corpora.inputs.clip_cache import ClipInputs

LEAST_ROWS = 4
"""Clips to learn from, two of them for validation at most: normalisation needs two in a batch."""
_EACH = 5
"""One clip in so many validates where no other split can be made."""


@dataclass(frozen=True)
class ProjectCorpus:
    """The clips of a project that can be read, as rows of `material`, with what a network takes of them in the same order."""

    name: str
    material: Material
    inputs: ClipInputs
    split_seed: int

    @property
    def places(self) -> list[int]:
        """Positions, among the project's labels, of those that a network can learn: the classes, in the project's order."""
        known = np.unique(self.material.y[self.material.learnable])
        return [int(place) for place in known]

    @property
    def labels(self) -> list[str]:
        """Their names."""
        return [self.material.decisions.label_names[place] for place in self.places]

    def of_fold(self, fold: Fold) -> ReadCorpus | None:
        """What a fold learns from, its tested clips held out; None if there is too little to learn from."""
        rows = self.material.labelled(fold)
        if len(rows) < LEAST_ROWS or len(np.unique(self.material.y[rows])) < 2:
            return None
        return self._corpus(np.concatenate([rows, fold.test]), learned=len(rows))

    def of_all(self) -> ReadCorpus:
        """All labels."""
        rows = np.flatnonzero(self.material.learnable)
        return self._corpus(rows, learned=len(rows))

    def as_positions(self, classes: Int64Array) -> Int64Array:
        """Positions among the project's labels of classes that a network predicts."""
        return np.array(self.places, dtype=np.int64)[classes]

    def _corpus(self, rows: Int64Array, *, learned: int) -> ReadCorpus:
        """Of these rows the first `learned` ones are learned from."""
        clips = [self.inputs.clips[row] for row in rows[:learned].tolist()]
        # A clip without a label is never learned from, so that its class does not matter.
        y = np.searchsorted(self.places, self.material.y[rows]).clip(max=len(self.places) - 1).astype(np.int64)
        dealt = parts_of(clips, y[:learned], classes=len(self.places), seed=self.split_seed)
        part = np.full(len(rows), TEST, dtype=np.int64)
        part[:learned] = np.where(dealt.of == VALIDATION, VALIDATION, TRAIN)
        if not {TRAIN, VALIDATION} <= {*part[:learned].tolist()} or (part == TRAIN).sum() < 2:
            part[:learned] = np.where(np.arange(learned) % _EACH == 0, VALIDATION, TRAIN)
        return ReadCorpus(self.name, self.labels, y, self.inputs.chosen(rows.tolist()), Parts(part, dealt.by_speaker))


def too_little(y: Int64Array, fold: Fold) -> RunOfFold:
    """What a fold predicts that has too few clips to learn from, or clips of one label: its most frequent one.

    Args:
        y: positions of the labels that there are.
    """
    only = int(np.bincount(y).argmax()) if len(y) else UNTRAINED
    return RunOfFold(np.full(len(fold.test), only, dtype=np.int64), 0.0, ("it has too little to learn from",))
