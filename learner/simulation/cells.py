"""Cells of a simulation: one replay of a corpus by one strategy and seed, scored at every stage.

The cache of cells (`learner.simulation.cell_cache`) forgets a cell when this module changes, or any module that it imports. So
whatever has no part in the figures of a cell stays out of here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from threadpoolctl import threadpool_limits

from learner.corpora.corpus import Corpus
from learner.dataset.examples import Examples
from learner.dataset.tested_slice import Slice
from learner.dataset.trainable import trainable
from learner.evaluation.accuracy import accuracy
from learner.evaluation.cross_fitting import FoldHeads, cross_fitted
from learner.evaluation.intervals import SpeakerResamples
from learner.heads.fitting import fitted_head
from learner.heads.normalisation import choose_normalisation
from learner.simulation.replay import Annotating, Stage, replay
from learner.simulation.simulated_project import SimulatedProject, simulated_project

FULL = "all labels"
"""Stands for a strategy in the cell of a head trained on every label of the pool."""
EACH = 5
"""Examples of each label that are to be found, or all that the pool has of it."""


@dataclass(frozen=True)
class Cell:
    """The figures of one replay."""

    labels: list[int] = field(default_factory=list)
    """Answers at each stage."""
    ua: list[float] = field(default_factory=list)
    """On the speakers held out."""
    found_all: int | None = None
    """Answers until every label had `EACH` examples; None if that never came."""
    estimate: list[list[float | None]] = field(default_factory=list)
    """UA on the random slice with its interval at each stage, [value, low, high], where estimates were asked for."""


@dataclass(frozen=True)
class WantedCell:
    """A cell that is wanted."""

    how: Annotating
    seed: int
    held_out: float
    estimates: bool = False


def simulated_cell(corpus: Corpus, asked: WantedCell) -> Cell:
    """One replay, scored at every stage.

    Raises:
        LearnerError: the strategy is unknown or fails.
    """
    project = simulated_project(corpus, seed=asked.seed, held_out=asked.held_out)
    # Products of a few hundred rows lose more by waking threads than they gain.
    with threadpool_limits(limits=1):
        if asked.how.strategy == FULL:
            return _full(project, asked.how)
        labels, ua, estimates = [], [], []
        heads = FoldHeads(project.pool, C=asked.how.head_c)
        live: list[int] = []
        for stage in replay(project, asked.how, seed=asked.seed):
            labels.append(stage.answers)
            ua.append(project.held_out.ua(stage.heads.used.head, project.label_ids))
            live = [project.truth[decision.clip_id] for decision in stage.live]
            if asked.estimates:
                estimates.append(_estimate(project, stage, heads))
    return Cell(labels, ua, _found_all(live, project), estimates)


def _full(project: SimulatedProject, how: Annotating) -> Cell:
    clip_ids = np.array(sorted(project.truth), dtype=np.int64)
    y = np.array([project.truth[clip] for clip in clip_ids.tolist()], dtype=np.int64)
    vectors = project.pool.features.rows(clip_ids)
    normalisation = choose_normalisation(project.pool, clip_ids, y, vectors).normalisation
    head = fitted_head(project.pool, Examples.alike(clip_ids, y), vectors, C=how.head_c, normalisation=normalisation)
    return Cell([len(y)], [project.held_out.ua(head, project.label_ids)])


def _estimate(project: SimulatedProject, stage: Stage, heads: FoldHeads) -> list[float | None]:
    """What the learner would show; [None, None, None] while the slice is empty."""
    labels = trainable(project.pool, stage.live, project.label_ids)
    tested = Slice.of(project.pool, stage.slice_clips, labels, project.label_ids)
    if not len(tested.y):
        return [None, None, None]
    predicted = cross_fitted(heads, tested, labels, project.label_ids, after_each=lambda: None)
    heads.forget_unused()
    scored = accuracy(tested, predicted, SpeakerResamples(tested.groups), labels=len(project.label_ids))
    return [scored.ua.value, scored.ua.low, scored.ua.high]


def _found_all(answered: Sequence[int], project: SimulatedProject) -> int | None:
    """After how many answers each label had `EACH` examples, by their true labels."""
    there = list(project.truth.values())
    missing = {label: min(EACH, there.count(label)) for label in project.label_ids}
    for answers, label in enumerate(answered, start=1):
        missing[label] -= 1
        if max(missing.values()) <= 0:
            return answers
    return None
