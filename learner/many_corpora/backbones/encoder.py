"""An encoder of the wav2vec 2.0 kind as a backbone: it comes trained, and a model keeps its name and revision (AdamW)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from learner.encoder_training.frames.convolutions import frames_per_second
from learner.encoder_training.frames.transformer import FrameTransformer
from learner.encoders.pooling import checked_pooling, parse_layers
from learner.encoders.precision import FLOAT32
from learner.encoders.wav2vec2.checkpoints import Checkpoint
from learner.encoders.wav2vec2.encoder import default_layers, load_up_to
from learner.many_corpora.backbones.encoder_facts import EncoderFacts
from learner.many_corpora.inputs.frame_cache import FrameCache
from learner.many_corpora.network.base import CorpusNetwork
from learner.many_corpora.network.encoder import EncoderNetwork, OwnLayers, Shape
from learner.many_corpora.network.vectors import HeadNetwork
from learner.many_corpora.recipe import EncoderRecipe


class EncoderBackbone:
    """See `Backbone`."""

    trains_filters = False

    def __init__(self, encoder: EncoderFacts, recipe: EncoderRecipe) -> None:
        """One that a model needs; it is looked for when it is used."""
        self.recipe, self._encoder = recipe, encoder

    @classmethod
    def of(cls, checkpoint: Checkpoint, recipe: EncoderRecipe) -> EncoderBackbone:
        """One to train with, with the layers and pooling that its encoder has unless the recipe names others.

        Raises:
            EncoderError: it cannot be loaded, or has no such layers.
        """
        own = checkpoint.preprocessor
        layers = recipe.layers or str(own.get("earmark_layers") or default_layers(checkpoint))
        pooling = checked_pooling(recipe.pooling or str(own.get("earmark_pooling", "mean")))
        highest = max(parse_layers(layers, count=checkpoint.transformer_layers + 1).indices)
        parameters = sum(weights.numel() for weights in load_up_to(checkpoint, highest).parameters())
        facts = EncoderFacts(checkpoint.name, checkpoint.origin, checkpoint.revision, parameters)
        return cls(facts, replace(recipe, layers=layers, pooling=pooling))

    @property
    def name(self) -> str:
        """See `Backbone`."""
        return self._encoder.name

    @property
    def knows_labels_from(self) -> object:
        """See `Backbone`."""
        return self._checkpoint.preprocessor.get("earmark_knows_labels_from")

    def facts(self) -> dict[str, Any]:
        """See `Backbone`."""
        return {"backbone": self.name, "encoder": self._encoder.as_json(), "recipe": self.recipe.as_json()}

    def cache(self, folder: Path | None = None, *, device: str | None = None) -> FrameCache:
        """See `Backbone`."""
        return FrameCache(self._checkpoint, folder, device=device)

    def filters(self, *, untrained: bool = False) -> FrameTransformer:
        """The layers that are used; untrained, only convolutions and their projection are those of the encoder."""
        model = load_up_to(self._checkpoint, max(self._shape.layers.indices))
        if untrained:
            used = len(model.encoder.layers)
            model.encoder = type(model)(model.config).encoder
            del model.encoder.layers[used:]
        return FrameTransformer(model, precision=FLOAT32).eval()

    def copied(self, filters: nn.Module) -> nn.Module:
        """The transformer."""
        found: nn.Module = cast(FrameTransformer, filters).model.encoder
        return found

    def own(self, *, classes: int, adapters: bool) -> OwnLayers:
        """See `Backbone`."""
        return OwnLayers(self.recipe, self._shape, classes=classes, adapters=adapters)

    def network(self, filters: nn.Module, own: nn.Module) -> EncoderNetwork:
        """See `Backbone`."""
        return EncoderNetwork(self.recipe, self._shape, cast(FrameTransformer, filters), cast(OwnLayers, own))

    def groups(self, networks: Sequence[CorpusNetwork], clips: Sequence[int], *, filters: bool) -> list[dict[str, Any]]:
        """The transformer moves slower than adapters, which begin at zero; so does a head that has been trained before."""
        recipe, groups = self.recipe, list[tuple[nn.Module, float, float]]()
        if filters:
            groups.append((self.copied(networks[0].filters), recipe.transformer_share, recipe.decay))
        for network in networks:
            own = cast(OwnLayers, network.own)
            groups += [(own.adapters, 1.0, recipe.decay)] if own.adapters is not None else []
            share = 1.0 if isinstance(network, HeadNetwork) else recipe.head_share
            groups.append((own.head, share, recipe.head_decay))
        found = [
            {
                "params": [one for one in module.parameters() if one.requires_grad],
                "times": times,
                "weight_decay": decay,
            }
            for module, times, decay in groups
        ]
        return [group for group in found if group["params"]]

    def optimiser(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        """AdamW."""
        return torch.optim.AdamW(groups, lr=self.recipe.rates[0])

    def shared_parameters(self) -> int:
        """Of the layers that are used."""
        return self._encoder.parameters

    @cached_property
    def _checkpoint(self) -> Checkpoint:
        return self._encoder.checkpoint()

    @cached_property
    def _shape(self) -> Shape:
        checkpoint = self._checkpoint
        layers = parse_layers(self.recipe.layers, count=checkpoint.transformer_layers + 1)
        blocks = max(max(layers.indices), 1)
        return Shape(checkpoint.hidden_size, blocks, layers, self.recipe.pooling, frames_per_second(checkpoint))
