"""Scores a recipe fold by fold beside the frozen head, then trains one network on all labels and saves it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError

from db.errors import EncoderError, FormatError
from db.store.files import write_whole
from learner.arrays import Int64Array
from learner.corpora.clips import LabelledClips, ProbeClip, clip_key
from learner.encoders.pooling import parse_layers
from learner.encoders.wav2vec2.encoder import Wav2Vec2Encoder
from learner.finetuning.experiment import FinetuneSettings, finetune
from learner.finetuning.folds import Fold
from learner.finetuning.kept import digest
from learner.finetuning.model.card import model_card
from learner.finetuning.model.folder import check_target, replaced
from learner.finetuning.model.writing import write_network
from learner.finetuning.recipe import ANYONE, FROZEN, MEAN, PLAIN, Recipe, steps_of
from learner.finetuning.result import FinetuneResult, paired_difference
from learner.finetuning.runs import TrainedNetwork, tuned_runs
from learner.prediction.models import document
from learner.prediction.models.document import (
    CARD,
    DOCUMENT,
    HEAD,
    WEIGHTS,
    Difference,
    Estimate,
    ModelDocument,
    Scores,
    TrainedOn,
)
from learner.progress import Watch

_ALL, _ALL_SEED = "all", 1_000_003
"""Begin of the name of the folder for the state of a training on all labels, beside those of folds and runs; and its seed."""
_ON_SPEAKERS = "clips of speakers that the network had not learned from; clips are not normalised by speaker"


def finetune_and_save(
    labelled: LabelledClips,
    folder: Path,
    *,
    settings: FinetuneSettings,
    output: Path | None = None,
    cache: Path,
    folds_of: Callable[[Sequence[ProbeClip]], list[Fold]] | None = None,
    device: str | None = None,
    watch: Watch,
) -> tuple[FinetuneResult, ModelDocument]:
    """Score the method on every fold as `finetune` does, then train a network on all labels in the same way, and save it.

    The recipe gets a head that needs to know no speaker, since the speakers of new audio are unknown. Scores are those of this
    recipe. A killed call goes on where it was.

    Args:
        folder: what becomes the network; see `learner.prediction.models.document`.

    Raises:
        EncoderError: as `finetune`; or the method trains no network.
        LabelError, FeatureError: as `finetune`.
        FormatError: the folder cannot be written, or holds something else.
    """
    if settings.method == FROZEN:
        raise EncoderError(
            "The method frozen trains no network; choose v-ft, tapt or p-tapt, or export the head of a project with "
            "`earmark export-head`."
        )
    check_target(folder)
    settings = replace(settings, recipe=settings.used_recipe.for_new_audio())
    runs = tuned_runs(labelled.clips, settings.encoder, cache=cache, device=device, watch=watch)
    tuned = finetune(
        labelled, settings=settings, output=output, cache=cache, folds_of=folds_of, device=device, watch=watch, runs=runs
    )
    # Of the clips that could be read: both are scored on the same ones.
    usable = LabelledClips(clips=runs.clips)
    frozen = finetune(
        usable,
        settings=replace(settings, method=FROZEN, runs=1, recipe=settings.used_recipe.with_head(ANYONE)),
        output=None if output is None else output / FROZEN,
        cache=cache,
        folds_of=folds_of,
        device=device,
        watch=watch,
    )
    assert tuned.kept_in is not None
    method, recipe = settings.method, settings.used_recipe
    trained = train_on_all(runs, tuned.y, kept_in=tuned.kept_in, method=method, recipe=recipe, seed=settings.seed, watch=watch)
    facts = save_network(
        folder, trained, clips=runs.clips, labels=tuned.labels, method=method, recipe=recipe, scores=_scores(tuned, frozen)
    )
    forget_training(tuned.kept_in)
    return tuned, facts


def train_on_all(
    runs: tuned_runs, y: Int64Array, *, kept_in: Path, method: str, recipe: Recipe, seed: int, watch: Watch
) -> TrainedNetwork:
    """One more network by the same recipe, which learns from every clip of `runs`.

    Args:
        y: class of each clip.
        kept_in: folder of the folds that were scored; the state of this training lies beside theirs.
    """
    steps = steps_of(recipe, method, labels=len(y))
    kept = json.loads((kept_in / "settings.json").read_text(encoding="utf-8"))
    learns_from = digest([[clip_key(clip), clip.label] for clip in runs.clips])
    with watch(f"train {method} on all labels", "step") as moved:
        return runs.train_on_all(
            method,
            y,
            seed=[seed, _ALL_SEED],
            classes=int(y.max()) + 1,
            recipe=recipe,
            folder=kept_in / f"{_ALL}-{learns_from}",
            settings={**kept, "learns_from": learns_from},
            moved=lambda step: moved(step, steps),
        )


def forget_training(kept_in: Path) -> None:
    """The states of the training on all labels are not needed once the network is saved."""
    for folder in kept_in.glob(f"{_ALL}-*/"):
        shutil.rmtree(folder, ignore_errors=True)


def save_network(
    folder: Path,
    trained: TrainedNetwork,
    *,
    clips: Sequence[ProbeClip],
    labels: Sequence[str],
    method: str,
    recipe: Recipe,
    scores: Scores | None,
    remarks: Sequence[str] = (),
    known_from: str | None = None,
    beside: Mapping[str, str] | None = None,
) -> ModelDocument:
    """Write the network with its facts and card; the folder appears whole or not at all.

    Args:
        clips: those that it learned from.
        labels: names of the classes.
        remarks: sentences for the card.
        known_from: see `write_network`.
        beside: texts of further files by name.

    Raises:
        FormatError: it cannot be written.
    """
    with replaced(folder) as part:
        try:
            write_network(part, trained, head=recipe.supervised.head, labels=labels, known_from=known_from)
        except SafetensorError as error:
            raise FormatError(f"{folder} cannot be written ({error}); make room, and give the same command again.") from error
        hashes = {name: _sha256(part / name) for name in _weights(part)}
        facts = _facts(trained, clips, labels, method, recipe, scores, hashes=hashes, remarks=[*remarks, *trained.remarks])
        write_whole(part / DOCUMENT, facts.model_dump_json(indent=2) + "\n")
        write_whole(part / CARD, model_card(facts, trained.checkpoint, name=folder.name))
        for name, content in (beside or {}).items():
            write_whole(part / name, content)
    return facts


def _facts(
    trained: TrainedNetwork,
    clips: Sequence[ProbeClip],
    labels: Sequence[str],
    method: str,
    recipe: Recipe,
    scores: Scores | None,
    *,
    hashes: dict[str, str],
    remarks: list[str],
) -> ModelDocument:
    head, encoder = recipe.supervised.head, Wav2Vec2Encoder(trained.checkpoint)
    counts = Counter(clip.label for clip in clips)
    pooled = head not in (MEAN, PLAIN)
    origin = trained.checkpoint
    return ModelDocument(
        format=document.FORMAT,
        version=document.VERSION,
        labels=list(labels),
        head=document.PLAIN if head == PLAIN else document.RELU if head == MEAN else document.POOLED,
        layers=",".join(map(str, parse_layers(encoder.settings["layers"], count=encoder.hidden_layers).indices))
        if pooled
        else None,
        pooling=encoder.settings["pooling"] if pooled else "mean",
        clip_seconds=recipe.supervised.clip_seconds,
        method=method,
        encoder=Path(origin.name).name if origin.origin == "folder" else origin.name,
        revision=origin.revision,
        recipe=json.loads(json.dumps(recipe.as_json())),
        trained_on=TrainedOn(
            clips=len(clips),
            speakers=len({clip.speaker for clip in clips if clip.speaker is not None}),
            per_label={label: counts[label] for label in labels},
        ),
        scores=scores,
        remarks=remarks,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        earmark=version("earmark"),
        sha256=hashes,
    )


def _scores(tuned: FinetuneResult, frozen: FinetuneResult) -> Scores:
    value, low, high = paired_difference(tuned, frozen)
    return Scores(
        tuned=_estimate(tuned.to_json()),
        frozen=_estimate(frozen.to_json()),
        difference=Difference(value=round(value, 4), low=round(low, 4), high=round(high, 4)),
        folds=len(tuned.folds),
        runs=len(tuned.runs[0]),
        estimated_on=f"{sum(len(fold.test) for fold in tuned.folds)} {_ON_SPEAKERS}",
    )


def _estimate(scored: dict[str, Any]) -> Estimate:
    return Estimate(**{name: float(np.clip(scored[name], 0, 1)) for name in ("ua", "ua_low", "ua_high")})


def _weights(part: Path) -> list[str]:
    """The files of weights; transformers writes several only for networks far larger than these."""
    return [name for name in (WEIGHTS, HEAD) if (part / name).is_file()]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
