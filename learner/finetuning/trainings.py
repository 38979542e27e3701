"""All trainings of an experiment, fold by fold and run by run: those that are finished are taken as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from learner.arrays import Int64Array
from learner.finetuning.folds import Fold
from learner.finetuning.kept import Kept, Place
from learner.finetuning.recipe import Recipe, steps_of
from learner.finetuning.result import RunOfFold
from learner.finetuning.runs import Runs
from learner.progress import Progress, Watch


@dataclass(frozen=True)
class Plan:
    """What is trained on what.

    Args:
        y: class of each clip; of clips that are in nobody's `labelled` it is not looked at.
        labelled: for each fold and run, in order: the rows whose labels are learned from.
        seed: with the place of a run, it decides everything that is drawn.
    """

    method: str
    recipe: Recipe
    y: Int64Array
    classes: int
    folds: Sequence[Fold]
    labelled: Mapping[Place, Int64Array]
    seed: int

    def seeds(self, place: Place) -> list[int]:
        """Those of one fold and run."""
        return [self.seed, *place]


def trained(
    runs: Runs, plan: Plan, kept: Kept, *, watch: Watch, beside: Callable[[Place], Callable[[Path], None]] | None = None
) -> dict[Place, RunOfFold]:
    """Train what is not finished; every fold and run of the plan.

    Args:
        beside: for a fold and run, what writes something beside its result, see `Kept.keep`.
    """
    found: dict[Place, RunOfFold] = {}
    steps = [steps_of(plan.recipe, plan.method, labels=len(rows)) for rows in plan.labelled.values()]
    with watch(f"finetune {plan.method}", "step") as moved:
        bar = _Bar(moved, steps)
        for place, rows in plan.labelled.items():
            fold = plan.folds[place[0]]
            known = kept.run(place, fold)
            if known is None:
                known = runs.train(
                    plan.method, plan.y, fold, rows, seed=plan.seeds(place), classes=plan.classes, recipe=plan.recipe,
                    folder=kept.folder_of(place), settings=kept.document, moved=bar.within,
                )  # fmt: skip
                kept.keep(place, known, beside=None if beside is None else beside(place))
            found[place] = known
            bar.ended(len(found))
    return found


class _Bar:
    """One bar for the steps of all folds and runs."""

    def __init__(self, moved: Progress, steps: Sequence[int]) -> None:
        self._moved, self._upto, self._done = moved, [0, *np.cumsum(steps).tolist()], 0

    def ended(self, runs: int) -> None:
        """So many runs are finished."""
        self._done = self._upto[runs]
        self.within(0)

    def within(self, step: int) -> None:
        """So many steps of the next run are done."""
        self._moved(self._done + step, self._upto[-1])
