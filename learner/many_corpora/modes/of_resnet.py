"""The modes of `resnet`: filters are trained on all corpora in turn, then each corpus.

All modes but `scratch` begin with shared filters, each corpus with normalisation and head of its own. Then one corpus after the
other: `finetune` moves a copy of everything, `last-layer` a new head alone, `adapters` the 1x1 convolutions beside the frozen
filters, normalisation and head. So a corpus that comes later is trained in the same way, and nothing of the others changes.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from db.errors import EncoderError
from db.store.files import whole
from learner.many_corpora.backbones.resnet import ResNetBackbone
from learner.many_corpora.corpora.reading import ReadCorpus
from learner.many_corpora.model_folder import Model, ModelFolder, load_parts, save_parts, unwritable
from learner.many_corpora.modes.trainer import Trainer
from learner.many_corpora.network.heads import Head
from learner.many_corpora.network.resnet import OwnLayers, ResNet, averaged_norms, layers_of
from learner.many_corpora.recipe import ADAPTERS, LAST_LAYER, SCRATCH, Recipe
from learner.many_corpora.settings import TrainSettings, settings_of

SHARED = "shared"


class ResNetTrainer(Trainer):
    """See `Trainer`."""

    def __init__(
        self, folder: ModelFolder, settings: TrainSettings, backbone: ResNetBackbone, document: dict[str, Any], **options: Any
    ) -> None:
        super().__init__(folder, settings, backbone, document, **options)
        self._resnet = backbone

    @property
    def _recipe(self) -> Recipe:
        return self._resnet.recipe

    def shared(self, run: int, corpora: Sequence[ReadCorpus], *, start: Model | None) -> None:
        """See `Trainer`."""
        if self._settings.mode == SCRATCH or self._folder.filters(run).exists():
            return
        if start is not None:
            self._take(start, run, corpora)
            return
        torch.manual_seed(self._seed(run, SHARED))
        filters = self._resnet.filters()
        networks = [self._resnet.network(filters, self._resnet.own(classes=corpus.classes, adapters=False)) for corpus in corpora]
        self._through(
            run, SHARED, corpora, networks, what=SHARED, seed=SHARED, rates=self._recipe.rates,
            most_epochs=self._recipe.most_epochs, tune_filters=True, tune_norms=True,
        )  # fmt: skip
        for corpus, network in zip(corpora, networks, strict=True):
            save_parts(self._folder.start(run, corpus.name), {"own": network.own})
        # Last, since it stands for all of them.
        save_parts(self._folder.filters(run), {"filters": filters})
        self._forget(run, SHARED)

    def _take(self, other: Model, run: int, corpora: Sequence[ReadCorpus]) -> None:
        """Copy the shared filters of another model."""
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

    def _own(self, run: int, corpus: ReadCorpus, others: Sequence[str], stage: str) -> ResNet:
        mode, backbone = self._settings.mode, self._resnet
        torch.manual_seed(self._seed(run, corpus.name))
        filters = backbone.filters()
        own = backbone.own(classes=corpus.classes, adapters=False)
        if mode != SCRATCH:
            load_parts(self._folder.filters(run), {"filters": filters})
            self._start(run, corpus, own, others)
        if mode == ADAPTERS:
            own.add_adapters(self._recipe)
        if mode == LAST_LAYER:
            own.head = Head(self._recipe, channels=layers_of(self._recipe)[-1].outputs, classes=corpus.classes)
        network = backbone.network(filters, own)
        self._through(
            run, stage, [corpus], [network], what=corpus.name, seed=stage, rates=self._recipe.rates,
            most_epochs=self._recipe.most_epochs, tune_filters=self._moves, tune_norms=mode != LAST_LAYER,
        )  # fmt: skip
        return network

    def _start(self, run: int, corpus: ReadCorpus, own: OwnLayers, others: Sequence[str]) -> None:
        if self._folder.start(run, corpus.name).exists():
            load_parts(self._folder.start(run, corpus.name), {"own": own})
            return
        known = [OwnLayers(self._recipe, classes=2, adapters=False).norms for _ in others]
        for name, norms in zip(others, known, strict=True):
            load_parts(self._folder.start(run, name), {"own.norms": norms})
        averaged_norms(own.norms, known)
