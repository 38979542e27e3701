"""One method on all folds and runs of a corpus. What is finished is kept, so that a killed experiment goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from db.errors import LabelError
from learner.arrays import Int64Array
from learner.corpora.clips import LabelledClips, ProbeClip, clip_key
from learner.encoders.runtime import user_cache
from learner.finetuning.folds import Fold, folds_of_clips, labelled_rows
from learner.finetuning.kept import Kept, Place, digest
from learner.finetuning.label_files import write_label_file
from learner.finetuning.recipe import FROZEN, Recipe, checked_method, recipe_for
from learner.finetuning.result import FinetuneResult
from learner.finetuning.runs import Runs, frozen_runs, tuned_runs
from learner.finetuning.trainings import Plan, trained
from learner.progress import Watch


@dataclass(frozen=True)
class FinetuneSettings:
    """What is asked for.

    Args:
        folds: `speaker`, a number of folds, or the name of a column.
        per_class: labels of each class to learn from; none takes all of the training fold.
        recipe: none takes that of the encoder.
    """

    method: str
    encoder: str
    folds: str = "speaker"
    runs: int = 1
    per_class: int | None = None
    seed: int = 0
    recipe: Recipe | None = None

    @property
    def used_recipe(self) -> Recipe:
        """The recipe asked for, or that of the encoder."""
        return self.recipe or recipe_for(self.encoder)


def finetune(
    labelled: LabelledClips,
    *,
    settings: FinetuneSettings,
    output: Path | None = None,
    cache: Path,
    folds_of: Callable[[Sequence[ProbeClip]], list[Fold]] | None = None,
    device: str | None = None,
    watch: Watch,
    runs: Runs | None = None,
) -> FinetuneResult:
    """Train and score a method on every fold.

    Args:
        output: folder that keeps what is finished, and the state of what is under way; none takes one in the user's cache.
        cache: folder of vectors, for `frozen`.
        folds_of: makes the folds of the clips that can be read; none makes them of speakers, as the settings say.
        runs: of the method, encoder and clips, where they are there already.

    Raises:
        EncoderError: bad settings, an encoder that cannot be used, a training that cannot go on, or an output of other settings.
        LabelError: too few labels or speakers.
        FeatureError: the cache cannot be written to.
    """
    checked_method(settings.method)
    _check_labels(labelled.clips)
    if runs is None:
        made = frozen_runs if settings.method == FROZEN else tuned_runs
        runs = made(labelled.clips, settings.encoder, cache=cache, device=device, watch=watch)
    clips = runs.clips
    labels, y = _check_labels(clips)
    folds = folds_of(clips) if folds_of else folds_of_clips([clip.speaker for clip in clips], asked=settings.folds)
    recipe = settings.used_recipe
    document: dict[str, Any] = {
        "method": settings.method,
        "encoder": settings.encoder,
        "folds": settings.folds,
        "per_class": settings.per_class,
        "seed": settings.seed,
        "recipe": json.loads(json.dumps(recipe.as_json())),
        "clips": digest([[[clip_key(clip), clip.label, clip.speaker] for clip in clips], [fold.test.tolist() for fold in folds]]),
        **runs.fingerprint,
    }
    kept = Kept(output or user_cache() / "finetune" / digest(document), document)
    drawn = {
        (fold, run): labelled_rows(folds[fold], y, per_class=settings.per_class, seed=[settings.seed, fold, run])
        for fold in range(len(folds))
        for run in range(settings.runs)
    }
    plan = Plan(settings.method, recipe, y, len(labels), folds, drawn, settings.seed)

    def label_file(place: Place) -> Callable[[Path], None]:
        name = f"labels-{kept.folder_of(place).name}.json"
        return lambda folder: write_label_file(folder / name, clips, train=drawn[place], test=folds[place[0]].test)

    found = trained(runs, plan, kept, watch=watch, beside=label_file)
    names = [clip.speaker or f"clip {row}" for row, clip in enumerate(clips)]
    return FinetuneResult(
        method=settings.method,
        encoder=settings.encoder,
        labels=labels,
        y=y,
        speakers=np.unique(names, return_inverse=True)[1].astype(np.int64),
        folds=folds,
        runs=[[found[fold, run] for run in range(settings.runs)] for fold in range(len(folds))],
        learned_from=round(float(np.mean([len(rows) for rows in drawn.values()]))),
        left_out=[*labelled.left_out, *runs.left_out],
        kept_in=kept.folder,
    )


def _check_labels(clips: Sequence[ProbeClip]) -> tuple[list[str], Int64Array]:
    names, y = np.unique([clip.label for clip in clips], return_inverse=True)
    if len(names) < 2:
        raise LabelError(f"There are {len(clips)} labelled clips of {len(names)} labels; give clips of at least two labels.")
    return [str(name) for name in names], y.astype(np.int64)
