"""Trains a model for many corpora, run by run. What is finished is kept, so that a killed training goes on where it was.

All modes but `scratch` begin with shared filters that are trained on all corpora in turn, each with normalisation and head of its
own. Then one corpus after the other: `finetune` moves a copy of everything, `last-layer` a new head alone, `adapters` the
1x1 convolutions beside the frozen filters, normalisation and head. So a corpus that comes later (`add_corpus`) is trained in the
same way, and nothing of the others changes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from db.errors import EncoderError, LabelError
from db.store.files import whole
from learner.encoders.runtime import chosen_device
from learner.many_corpora.corpora.parts import TEST
from learner.many_corpora.corpora.reading import ReadCorpora, ReadCorpus, corpus_name, read_corpora
from learner.many_corpora.learned_from import write_learned_from
from learner.many_corpora.model_folder import (
    VERSION,
    Model,
    ModelFolder,
    learned_from,
    load_parts,
    open_model,
    save_parts,
    unwritable,
)
from learner.many_corpora.network.heads import Head
from learner.many_corpora.network.resnet import Filters, OwnLayers, averaged_norms, layers_of
from learner.many_corpora.predictions import write_predictions
from learner.many_corpora.recipe import ADAPTERS, FINETUNE, LAST_LAYER, MODES, RESNET, SCRATCH, SMALL, Recipe, checked
from learner.many_corpora.scores import scores
from learner.many_corpora.spectrograms.spectrogram_cache import SpectrogramCache
from learner.many_corpora.training.batches import probabilities
from learner.many_corpora.training.stage import EpochEnded, Stage, train_stage
from learner.progress import Watch

SHARED = "shared"


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """What is asked for.

    Args:
        order: labels from low to high, for corpora that have exactly these.
    """

    mode: str = ADAPTERS
    backbone: str = RESNET
    recipe: Recipe = SMALL
    runs: int = 1
    seed: int = 0
    split_seed: int = 0
    order: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What results depend on; the number of runs is not among it."""
        return {
            "version": VERSION, "mode": self.mode, "backbone": self.backbone, "recipe": self.recipe.as_json(),
            "seed": self.seed, "split_seed": self.split_seed, "order": list(self.order),
        }  # fmt: skip


@dataclass(frozen=True)
class Trained:
    """What came out."""

    read: ReadCorpora
    results: dict[str, list[dict[str, Any]]]
    """Scores on the held-out clips, by corpus and run."""


def train(
    manifests: Sequence[Path],
    output: Path,
    *,
    settings: TrainSettings,
    start: Path | None = None,
    device: str | None = None,
    cache: SpectrogramCache | None = None,
    watch: Watch,
    epoch_ended: EpochEnded = lambda _entry: None,
) -> Trained:
    """Train all runs.

    Args:
        start: a model of another mode, of the same corpora and settings, whose shared filters are taken.

    Raises:
        EncoderError: bad settings, an output of other settings, or a training that cannot go on.
        LabelError: no corpus can be used.
    """
    _check(settings)
    read = read_corpora(
        manifests, split_seed=settings.split_seed, order=settings.order, cache=cache or SpectrogramCache(), watch=watch
    )
    folder = ModelFolder(output)
    document = _as_files(settings.as_json() | {"corpora": {corpus.name: corpus.as_json()["digest"] for corpus in read.corpora}})
    if start is not None and settings.mode == SCRATCH:
        raise EncoderError("Mode scratch shares no filters, so it takes none of another model; leave out --start.")
    folder.check_settings(document)
    trainer = Trainer(folder, settings, document, chosen_device(device), watch, epoch_ended)
    results: dict[str, list[dict[str, Any]]] = {corpus.name: [] for corpus in read.corpora}
    for run in range(1, settings.runs + 1):
        if settings.mode != SCRATCH:
            if start is not None:
                trainer.take(open_model(start), run, read.corpora)
            trainer.shared(run, read.corpora)
        for corpus in read.corpora:
            trainer.corpus(run, corpus)
            results[corpus.name].append(trainer.tested(run, corpus))
        facts = {corpus.name: corpus.as_json() | {"results": results[corpus.name]} for corpus in read.corpora}
        write_learned_from(output, read.corpora)
        folder.write(settings.as_json() | {"runs": run, "split": _split(settings), "corpora": facts})
    return Trained(read, results)


def add_corpus(
    path: Path,
    manifest: Path,
    *,
    device: str | None = None,
    cache: SpectrogramCache | None = None,
    watch: Watch,
    epoch_ended: EpochEnded = lambda _entry: None,
) -> Trained:
    """Train what a new corpus needs of its own in every run of a model; no file of another corpus is written.

    Raises:
        EncoderError: no model, or a training that cannot go on.
        LabelError: the corpus cannot be used, or the model has one of its name.
    """
    model = open_model(path)
    settings = settings_of(model)
    name = corpus_name(manifest)
    if name.casefold() in {known.casefold() for known in model.corpora}:
        raise LabelError(f"{path} has a corpus {name!r} already; rename {manifest.name}, or train a new model.")
    read = read_corpora(
        [manifest], split_seed=settings.split_seed, order=settings.order, cache=cache or SpectrogramCache(), watch=watch
    )
    (corpus,) = read.corpora
    document = _as_files(settings.as_json() | {"added": {name: corpus.as_json()["digest"]}})
    trainer = Trainer(model.folder, settings, document, chosen_device(device), watch, epoch_ended)
    others = [known for known, facts in model.document["corpora"].items() if not facts.get("added")]
    results = []
    for run in range(1, model.runs + 1):
        trainer.corpus(run, corpus, others=others)
        results.append(trainer.tested(run, corpus))
    corpora = model.document["corpora"] | {name: corpus.as_json() | {"added": True, "results": results}}
    model.folder.write(model.document | {"corpora": corpora})
    return Trained(read, {name: results})


def settings_of(model: Model) -> TrainSettings:
    """What a model was trained with.

    Raises:
        EncoderError: its file is damaged.
    """
    try:
        return TrainSettings(
            mode=model.mode, recipe=model.recipe, runs=model.runs, seed=int(model.document["seed"]),
            split_seed=int(model.document["split_seed"]), order=tuple(map(str, model.document["order"])),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise EncoderError(f"{model.folder.path / 'model.json'} is damaged; train the model again.") from error


class Trainer:
    """The stages of one model."""

    def __init__(
        self, folder: ModelFolder, settings: TrainSettings, document: dict[str, Any], device: str, watch: Watch, told: EpochEnded
    ) -> None:
        self._folder, self._settings, self._document = folder, settings, document
        self._device, self._watch, self._told = device, watch, told

    @property
    def _recipe(self) -> Recipe:
        return self._settings.recipe

    def take(self, other: Model, run: int, corpora: Sequence[ReadCorpus]) -> None:
        """Copy the shared filters of another model.

        Raises:
            EncoderError: it has none, or was trained otherwise.
        """
        if self._folder.filters(run).exists():
            return
        theirs = settings_of(other)
        same = replace(theirs, mode=self._settings.mode, runs=self._settings.runs) == self._settings
        digests = {name: facts.get("digest") for name, facts in other.document["corpora"].items() if not facts.get("added")}
        if not same or digests != {corpus.name: corpus.as_json()["digest"] for corpus in corpora}:
            raise EncoderError(
                f"{other.folder.path} was trained on other corpora or settings; give the same, or leave out --start."
            )
        source = other.folder.filters(run).parent
        if not source.is_dir():
            raise EncoderError(f"{other.folder.path} has no shared filters of run {run}; leave out --start.")
        try:
            with whole(self._folder.filters(run).parent) as part:
                shutil.copytree(source, part)
        except OSError as error:
            raise unwritable(self._folder.path, error) from error

    def shared(self, run: int, corpora: Sequence[ReadCorpus]) -> None:
        """Train the filters on all corpora in turn."""
        if self._folder.filters(run).exists():
            return
        torch.manual_seed(self._seed(run, SHARED))
        filters = Filters(self._recipe)
        owns = [OwnLayers(self._recipe, classes=corpus.classes, adapters=False) for corpus in corpora]
        self._through(run, SHARED, corpora, filters, owns, tune_filters=True, tune_norms=True)
        for corpus, own in zip(corpora, owns, strict=True):
            save_parts(self._folder.start(run, corpus.name), {"own": own})
        # Last, since it stands for all of them.
        save_parts(self._folder.filters(run), {"filters": filters})
        self._forget(run, SHARED)

    def corpus(self, run: int, corpus: ReadCorpus, *, others: Sequence[str] = ()) -> None:
        """Train what a corpus has of its own.

        Args:
            others: the corpora that the filters were trained on, where this one was not among them.
        """
        path, mode = self._folder.own(run, corpus.name), self._settings.mode
        if learned_from(path) == corpus.digest:
            return
        torch.manual_seed(self._seed(run, corpus.name))
        filters = Filters(self._recipe)
        own = OwnLayers(self._recipe, classes=corpus.classes, adapters=False)
        if mode != SCRATCH:
            load_parts(self._folder.filters(run), {"filters": filters})
            self._start(run, corpus, own, others)
        if mode == ADAPTERS:
            own.add_adapters(self._recipe)
        if mode == LAST_LAYER:
            own.head = Head(self._recipe, channels=layers_of(self._recipe)[-1].outputs, classes=corpus.classes)
        moves = mode in (SCRATCH, FINETUNE)
        # With the digest, so that what a stopped `add` of another corpus of this name has left is not taken up.
        stage = f"corpus-{corpus.name}-{corpus.digest[:8]}"
        self._through(run, stage, [corpus], filters, [own], tune_filters=moves, tune_norms=mode != LAST_LAYER)
        save_parts(path, {"own": own, "filters": filters} if moves else {"own": own}, learned_from=corpus.digest)
        self._forget(run, stage)

    def _start(self, run: int, corpus: ReadCorpus, own: OwnLayers, others: Sequence[str]) -> None:
        if self._folder.start(run, corpus.name).exists():
            load_parts(self._folder.start(run, corpus.name), {"own": own})
            return
        known = [OwnLayers(self._recipe, classes=2, adapters=False).norms for _ in others]
        for name, norms in zip(others, known, strict=True):
            load_parts(self._folder.start(run, name), {"own.norms": norms})
        averaged_norms(own.norms, known)

    def _through(
        self, run: int, name: str, corpora: Sequence[ReadCorpus], filters: Filters, owns: Sequence[OwnLayers], *,
        tune_filters: bool, tune_norms: bool,
    ) -> None:  # fmt: skip
        stage = Stage(
            name=name, corpora=corpora, filters=filters, owns=owns, tune_filters=tune_filters, tune_norms=tune_norms,
            recipe=self._recipe, seed=self._seed(run, name), device=self._device,
        )  # fmt: skip
        with self._watch(f"run {run}: {SHARED if name == SHARED else corpora[0].name}", "step") as moved:
            train_stage(
                stage, folder=self._folder.training(run), settings=self._document, moved=moved,
                epoch_ended=lambda entry: self._told({"run": run, "stage": name} | entry),
            )  # fmt: skip

    def _seed(self, run: int, name: str) -> int:
        digest = hashlib.blake2b(f"{self._settings.seed}|{run}|{name}".encode(), digest_size=4).digest()
        return int.from_bytes(digest)

    def _forget(self, run: int, name: str) -> None:
        """The state of a finished stage is not needed any more; its epochs are kept."""
        with suppress(OSError):
            (self._folder.training(run) / f"{name}.safetensors").unlink()

    def tested(self, run: int, corpus: ReadCorpus) -> dict[str, Any]:
        """Predict the held-out clips of a corpus, keep the predictions, and return their scores."""
        mode, folder = self._settings.mode, self._folder
        model = Model(folder, mode, self._recipe, {corpus.name: corpus.labels}, run, {})
        network = model.network(run, corpus.name).to(self._device)
        rows = corpus.parts.rows(TEST)
        found = probabilities(network, corpus.spectrograms, rows, recipe=self._recipe, device=self._device)
        clips = [corpus.spectrograms.clips[row] for row in rows.tolist()]
        path = folder.test(run, corpus.name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole(path) as part:
                write_predictions(part, clips, found, labels=corpus.labels, label_of=[clip.label for clip in clips])
        except OSError as error:
            raise unwritable(path.parent, error) from error
        return {"run": run} | scores(clips, corpus.y[rows], found.argmax(axis=1), labels=corpus.labels)


def _check(settings: TrainSettings) -> None:
    checked(settings.recipe)
    if settings.mode not in MODES:
        raise EncoderError(f"Mode {settings.mode!r} is not known; choose one of {', '.join(MODES)}.")
    if settings.backbone != RESNET:
        raise EncoderError(f"Backbone {settings.backbone!r} cannot be used yet; choose {RESNET}.")


def _split(settings: TrainSettings) -> str:
    return f"whole speakers where they are known, else files at random; seed {settings.split_seed}"


def _as_files(document: dict[str, Any]) -> dict[str, Any]:
    """As JSON gives it back: lists for tuples."""
    found: dict[str, Any] = json.loads(json.dumps(document))
    return found
