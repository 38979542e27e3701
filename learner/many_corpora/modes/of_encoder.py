"""The modes of an encoder: it comes trained, so no stage is on all corpora.

All modes but `scratch` first train a linear head on the frozen encoder's pooled vectors, and `last-layer` ends there. Then
`adapters` moves bottlenecks and head, `finetune` a copy of the transformer and head: a head that fits keeps the first steps from
spoiling what the encoder knows (Kumar et al. 2022, *Fine-tuning can distort pretrained features*). `scratch` moves a transformer
that begins at random weights, and its head. Convolutions and their projection are the encoder's in every mode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from learner.arrays import Float32Array
from learner.many_corpora.backbones.encoder import EncoderBackbone
from learner.many_corpora.corpora.parts import TEST, TRAIN
from learner.many_corpora.corpora.reading import ReadCorpus
from learner.many_corpora.model_folder import Model, ModelFolder
from learner.many_corpora.modes.trainer import Trainer
from learner.many_corpora.network.encoder import EncoderNetwork
from learner.many_corpora.network.vectors import HeadNetwork, PooledInputs
from learner.many_corpora.recipe import ADAPTERS, LAST_LAYER, SCRATCH
from learner.many_corpora.settings import TrainSettings
from learner.many_corpora.training.batches import of_windows


class EncoderTrainer(Trainer):
    """See `Trainer`."""

    def __init__(
        self, folder: ModelFolder, settings: TrainSettings, backbone: EncoderBackbone, document: dict[str, Any], **options: Any
    ) -> None:
        super().__init__(folder, settings, backbone, document, **options)
        self._encoder = backbone
        self._frozen: dict[str, dict[int, Float32Array]] = {}

    def shared(self, run: int, corpora: Sequence[ReadCorpus], *, start: Model | None) -> None:
        """Nothing to train."""

    def _own(self, run: int, corpus: ReadCorpus, others: Sequence[str], stage: str) -> EncoderNetwork:
        mode, backbone, recipe = self._settings.mode, self._encoder, self._encoder.recipe
        torch.manual_seed(self._seed(run, corpus.name))
        filters = backbone.filters(untrained=mode == SCRATCH)
        own = backbone.own(classes=corpus.classes, adapters=mode == ADAPTERS)
        network = backbone.network(filters, own).to(self._device)
        vectors = self._vectors(network, corpus)
        learned = np.concatenate([vectors[row] for row in corpus.parts.rows(TRAIN).tolist()])
        own.head.take_statistics(learned)
        if mode != SCRATCH:
            pooled = replace(corpus, inputs=PooledInputs(corpus.inputs.clips, corpus.inputs.keys, vectors))
            name = f"{stage}-head"
            self._through(
                run, name, [pooled], [HeadNetwork(own)], what=f"head of {corpus.name}", seed=name,
                rates=recipe.head_rates, most_epochs=recipe.head_most_epochs, tune_filters=False, tune_norms=False,
            )  # fmt: skip
        if mode != LAST_LAYER:
            own.head.scale(recipe.start_scale)
            # What begins at random weights needs the whole rate.
            rates = tuple(rate / recipe.transformer_share for rate in recipe.rates) if mode == SCRATCH else recipe.rates
            self._through(
                run, stage, [corpus], [network], what=corpus.name, seed=stage, rates=rates,
                most_epochs=recipe.most_epochs, tune_filters=self._moves, tune_norms=False,
            )  # fmt: skip
        return network

    def _vectors(self, network: EncoderNetwork, corpus: ReadCorpus) -> dict[int, Float32Array]:
        """Vectors [windows, width] of the clips that training sees, as the encoder gives them: adapters begin as nothing."""
        known = self._frozen.get(corpus.digest)
        if known is not None:
            return known
        rows = np.flatnonzero(corpus.parts.of != TEST)
        found: dict[int, Float32Array] = {}
        with self._watch(f"encode {corpus.name}", "clip") as moved:
            each = of_windows(network, corpus.inputs, rows, network.pooled, device=self._device)
            for row, vectors in zip(rows.tolist(), each, strict=True):
                found[row] = vectors.astype(np.float32)
                moved(len(found), len(rows))
        if self._settings.mode != SCRATCH:
            self._frozen[corpus.digest] = found
        return found
