"""A method on a project: a network for each fold of the random slice, trained on the labels of all other folds."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from db.errors import EncoderError, LabelError
from db.finetuned.document import write_finetuned
from db.finetuned.worth_trying import Labelled, worth_trying
from db.project import OpenProject
from learner.arrays import Int64Array
from learner.corpora.clips import LeftOut, ProbeClip
from learner.encoders.registry import encoder_named
from learner.evaluation.cross_fitting import FoldHeads, cross_fitted
from learner.finetuning.kept import Place
from learner.finetuning.project.comparison import ProjectResult, compared
from learner.finetuning.project.decisions import ByDecisions, clips_of, known_by, labelled_by_decisions, only_before
from learner.finetuning.project.folder import kept_in, one_at_a_time, refuse_withdrawn
from learner.finetuning.project.material import Material, material_of, without_training
from learner.finetuning.project.unlabelled import clips_beside
from learner.finetuning.recipe import FROZEN, SHIPPED, Recipe, checked_method, recipe_for
from learner.finetuning.result import FinetuneResult, RunOfFold
from learner.finetuning.runs import Runs, tunable, tuned_runs
from learner.finetuning.trainings import Plan, trained
from learner.progress import Watch

KNOWS_SPEAKERS = (
    "The encoder had learned from labels of this project before, perhaps of the same speakers: how good it is for new speakers "
    "is not known."
)


@dataclass(frozen=True)
class ProjectSettings:
    """What is asked for.

    Args:
        encoder: none takes that of the project.
        recipe: none takes that of the encoder.
        epochs: of V-FT; none takes those of the recipe.
    """

    method: str
    encoder: str | None = None
    runs: int = 1
    seed: int = 0
    recipe: Recipe | None = None
    epochs: int | None = None


def finetune_project(
    project: OpenProject, *, settings: ProjectSettings, device: str | None = None, watch: Watch
) -> ProjectResult:
    """Train and score a method on the decisions that stand now, and keep the result in the project.

    The tested clips are the labelled clips of the random slice, in the folds of the live head. A clip whose audio cannot be read
    counts for neither side. A killed call goes on where it was, as long as no decision, clip or setting has changed.

    Raises:
        LabelError: there is too little to learn from or to be scored on, or a clip was withdrawn meanwhile.
        FeatureError: no clip has features.
        EncoderError: bad settings, an encoder that cannot be tuned, a training that cannot go on, or another one is under way.
        LearnerError: the result cannot be written.
    """
    checked_method(settings.method)
    decisions = labelled_by_decisions(project)
    check(decisions)
    if settings.method == FROZEN:
        if settings.encoder not in (None, decisions.encoder):
            raise EncoderError(
                f"On a project, frozen is its own classifier, on features by {decisions.encoder}; leave --encoder out, or try "
                f"`earmark probe --encoder {settings.encoder}`."
            )
        return frozen_alone(decisions)
    encoder = settings.encoder or decisions.encoder
    _check_encoder(encoder, is_ours=settings.encoder is None)
    knows = known_by(project, encoder)
    if knows is not None:
        decisions = _not_known(project, decisions, encoder, knows)
    recipe = (settings.recipe or recipe_for(encoder)).with_epochs(settings.epochs)
    with one_at_a_time(project):
        clips = _all_clips(project, decisions, recipe)
        trainer = tuned_runs(list(clips.values()), encoder, cache=project.cache_dir, device=device, watch=watch)
        material = readable_material(decisions, clips, trainer.clips)
        result = _trained(project, material, trainer, encoder, settings, recipe, watch=watch)
        if knows is not None:
            result = replace(result, notes=(KNOWS_SPEAKERS,))
        found = compared(material.decisions, result, frozen_predictions(material.decisions))
        if found.document is not None:
            write_finetuned(project.heads_dir, found.document)
    return found


def check(decisions: ByDecisions) -> None:
    """Whether there is enough to train and to score anything.

    Raises:
        LabelError: there is not; the sentence says what to do.
    """
    counts = Counter(decisions.labels.values())
    per_label = {name: counts[label] for label, name in zip(decisions.label_ids, decisions.label_names, strict=True)}
    speakers = {decisions.clips[clip].speaker for clip in decisions.labels}
    answer = worth_trying(Labelled(per_label, tested=len(decisions.tested.y), speakers=speakers))
    if not answer.possible:
        raise LabelError(answer.sentence)


def frozen_predictions(decisions: ByDecisions) -> Int64Array:
    """Label position of each tested clip by the live head's cross-fitting, or `UNTRAINED`."""
    heads = FoldHeads(decisions.pool, C=decisions.C)
    return cross_fitted(heads, decisions.tested, decisions.labels, decisions.label_ids, after_each=lambda: None)


def frozen_alone(decisions: ByDecisions) -> ProjectResult:
    """The live head as a result of its own."""
    began = time.monotonic()
    ids = np.array(sorted({*decisions.labels, *decisions.tested.clip_ids}), dtype=np.int64)
    material = material_of(decisions, [decisions.clips[clip] for clip in ids.tolist()], ids)
    predicted, took = frozen_predictions(decisions), time.monotonic() - began
    found: dict[Place, RunOfFold] = {}
    for number, fold in enumerate(material.folds):
        of_fold = np.zeros(len(fold.test), dtype=np.int64)
        places = np.searchsorted(fold.test, material.tested_rows)
        inside = np.isin(material.tested_rows, fold.test)
        of_fold[places[inside]] = predicted[inside]
        found[number, 0] = RunOfFold(of_fold, took / len(material.folds))
    return compared(decisions, result_of_tested(material, found, FROZEN, decisions.encoder, runs=1, left_out=[]), predicted)


def _check_encoder(encoder: str, *, is_ours: bool) -> None:
    encoder_named(encoder)
    try:
        tunable(encoder)
    except EncoderError as error:
        if not is_ours:
            raise
        raise EncoderError(
            f"The project's encoder {encoder!r} cannot be fine-tuned; name one that can, such as `--encoder bundled`."
        ) from error


def _not_known(project: OpenProject, decisions: ByDecisions, encoder: str, key: int) -> ByDecisions:
    """Tested on those clips alone whose labels the encoder does not know already."""
    found = only_before(project, decisions, key)
    if len(decisions.tested.y) and not len(found.tested.y):
        raise LabelError(
            f"The encoder {encoder!r} has learned from the labels of the random slice, so it cannot be scored on them; "
            "name the one that it was tuned from in --encoder."
        )
    return found


def _all_clips(project: OpenProject, decisions: ByDecisions, recipe: Recipe) -> dict[int, ProbeClip]:
    """Every clip whose audio is needed, by ascending id."""
    clips = dict(decisions.clips)
    if recipe.supervised.head == SHIPPED:
        with project.read() as session:
            clips |= clips_of(session, clips_beside(decisions.pool, clips, decisions.labels.set_aside))
    return dict(sorted(clips.items()))


def readable_material(decisions: ByDecisions, clips: dict[int, ProbeClip], readable: Sequence[ProbeClip]) -> Material:
    """The material of the clips whose audio can be read."""
    there = {(clip.path, clip.start, clip.end) for clip in readable}
    ids = [number for number, clip in clips.items() if (clip.path, clip.start, clip.end) in there]
    found = material_of(decisions, readable, np.array(ids, dtype=np.int64))
    check(found.decisions)
    return found


def _trained(
    project: OpenProject,
    material: Material,
    trainer: Runs,
    encoder: str,
    settings: ProjectSettings,
    recipe: Recipe,
    *,
    watch: Watch,
) -> FinetuneResult:
    drawn: dict[Place, Int64Array] = {}
    found: dict[Place, RunOfFold] = {}
    for number, fold in enumerate(material.folds):
        rows = material.labelled(fold)
        for run in range(settings.runs):
            if len(np.unique(material.y[rows])) > 1:
                drawn[number, run] = rows
            else:
                found[number, run] = without_training(material.y[rows], fold)
    document: dict[str, Any] = {
        "method": settings.method,
        "encoder": encoder,
        "seed": settings.seed,
        "recipe": json.loads(json.dumps(recipe.as_json())),
        **material.fingerprint(),
        **trainer.fingerprint,
    }
    kept = kept_in(project, document, decisions=material.as_listed())
    ids = material.clip_ids.tolist()

    def unless_withdrawn(_place: Place) -> Callable[[Path], None]:
        return lambda _folder: refuse_withdrawn(project, kept, ids)

    labels = len(material.decisions.label_ids)
    plan = Plan(settings.method, recipe, material.y, labels, material.folds, drawn, settings.seed)
    found |= trained(trainer, plan, kept, watch=watch, beside=unless_withdrawn)
    refuse_withdrawn(project, kept, ids)
    result = result_of_tested(material, found, settings.method, encoder, runs=settings.runs, left_out=trainer.left_out)
    return replace(result, kept_in=kept.folder)


def result_of_tested(
    material: Material, found: dict[Place, RunOfFold], method: str, encoder: str, *, runs: int, left_out: list[LeftOut]
) -> FinetuneResult:
    """The tested clips alone: all others were there to learn from."""
    folds, of_folds = material.of_tested(found, runs=runs)
    tested = material.decisions.tested
    return FinetuneResult(
        method=method,
        encoder=encoder,
        labels=material.decisions.label_names,
        y=tested.y,
        speakers=tested.groups,
        folds=folds,
        runs=of_folds,
        learned_from=round(float(np.mean([len(material.labelled(fold)) for fold in material.folds]))),
        left_out=left_out,
    )
