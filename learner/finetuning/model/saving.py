"""Scores a recipe fold by fold beside the frozen head, then trains one network on all labels and saves it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError

from db.errors import EncoderError, FormatError
from db.store.files import write_whole
from learner.corpora.clips import LabelledClips, ProbeClip
from learner.encoders.pooling import parse_layers
from learner.encoders.wav2vec2.encoder import Wav2Vec2Encoder
from learner.finetuning.experiment import FinetuneSettings, finetune
from learner.finetuning.folds import Fold
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

_ALL = "all"
"""Folder for the state of the training on all labels, beside those of folds and runs."""
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
    trained = train_on_all(runs, tuned, settings=settings, watch=watch)
    facts = save_network(folder, trained, clips=runs.clips, settings=settings, scores=_scores(tuned, frozen))
    forget_training(tuned)
    return tuned, facts


def train_on_all(runs: tuned_runs, scored: FinetuneResult, *, settings: FinetuneSettings, watch: Watch) -> TrainedNetwork:
    """One more network by the same recipe, which learns from every label; its state is kept beside those of the folds."""
    assert scored.kept_in is not None
    recipe, labels = settings.used_recipe, scored.labels
    steps = steps_of(recipe, settings.method, labels=len(runs.clips))
    kept = json.loads((scored.kept_in / "settings.json").read_text(encoding="utf-8"))
    with watch(f"train {settings.method} on all labels", "step") as moved:
        return runs.train_on_all(
            settings.method, scored.y, seed=[settings.seed, len(scored.folds)], classes=len(labels), recipe=recipe,
            folder=scored.kept_in / _ALL, settings={**kept, "learns_from": _ALL}, moved=lambda step: moved(step, steps),
        )  # fmt: skip


def forget_training(scored: FinetuneResult) -> None:
    """The states of the training on all labels are not needed once the network is saved."""
    if scored.kept_in is not None:
        with suppress(OSError):
            shutil.rmtree(scored.kept_in / _ALL)


def save_network(
    folder: Path, trained: TrainedNetwork, *, clips: Sequence[ProbeClip], settings: FinetuneSettings, scores: Scores | None
) -> ModelDocument:
    """Write the network with its facts and card; the folder appears whole or not at all.

    Args:
        clips: those that it learned from.

    Raises:
        FormatError: it cannot be written.
    """
    recipe = settings.used_recipe
    with replaced(folder) as part:
        try:
            write_network(part, trained, head=recipe.supervised.head, labels=sorted({clip.label for clip in clips}))
        except SafetensorError as error:
            raise FormatError(f"{folder} cannot be written ({error}); make room, and give the same command again.") from error
        facts = _facts(trained, clips, settings, recipe, scores, hashes={name: _sha256(part / name) for name in _weights(part)})
        write_whole(part / DOCUMENT, facts.model_dump_json(indent=2) + "\n")
        write_whole(part / CARD, model_card(facts, trained.checkpoint, name=folder.name))
    return facts


def _facts(
    trained: TrainedNetwork,
    clips: Sequence[ProbeClip],
    settings: FinetuneSettings,
    recipe: Recipe,
    scores: Scores | None,
    *,
    hashes: dict[str, str],
) -> ModelDocument:
    head, encoder = recipe.supervised.head, Wav2Vec2Encoder(trained.checkpoint)
    counts = Counter(clip.label for clip in clips)
    labels = sorted(counts)
    pooled = head not in (MEAN, PLAIN)
    origin = trained.checkpoint
    return ModelDocument(
        format=document.FORMAT,
        version=document.VERSION,
        labels=labels,
        head=document.PLAIN if head == PLAIN else document.RELU if head == MEAN else document.POOLED,
        layers=",".join(map(str, parse_layers(encoder.settings["layers"], count=encoder.hidden_layers).indices))
        if pooled
        else None,
        pooling=encoder.settings["pooling"] if pooled else "mean",
        clip_seconds=recipe.supervised.clip_seconds,
        method=settings.method,
        encoder=Path(origin.name).name if origin.origin == "folder" else origin.name,
        revision=origin.revision,
        recipe=json.loads(json.dumps(recipe.as_json())),
        trained_on=TrainedOn(
            clips=len(clips),
            speakers=len({clip.speaker for clip in clips if clip.speaker is not None}),
            per_label={label: counts[label] for label in labels},
        ),
        scores=scores,
        remarks=list(trained.remarks),
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
