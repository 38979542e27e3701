"""`resnet`: the residual network of EmoNet on log-mel spectrograms; its filters are trained on all corpora (SGD)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from learner.many_corpora.network.base import CorpusNetwork
from learner.many_corpora.network.resnet import Filters, OwnLayers, ResNet
from learner.many_corpora.recipe import RESNET, Recipe, decay_of
from learner.many_corpora.spectrograms.spectrogram_cache import SpectrogramCache


class ResNetBackbone:
    """See `Backbone`."""

    trains_filters = True
    name = RESNET
    knows_labels_from = None

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    def facts(self) -> dict[str, Any]:
        """See `Backbone`."""
        return {"backbone": RESNET, "recipe": self.recipe.as_json()}

    def cache(self, folder: Path | None = None, *, device: str | None = None) -> SpectrogramCache:
        """See `Backbone`."""
        return SpectrogramCache(folder)

    def filters(self, *, untrained: bool = True) -> Filters:
        """Random ones."""
        return Filters(self.recipe)

    def copied(self, filters: nn.Module) -> nn.Module:
        """All of them."""
        return filters

    def own(self, *, classes: int, adapters: bool) -> OwnLayers:
        """See `Backbone`."""
        return OwnLayers(self.recipe, classes=classes, adapters=adapters)

    def network(self, filters: nn.Module, own: nn.Module) -> ResNet:
        """See `Backbone`."""
        return ResNet(self.recipe, cast(Filters, filters), cast(OwnLayers, own))

    def groups(self, networks: Sequence[CorpusNetwork], clips: Sequence[int], *, filters: bool) -> list[dict[str, Any]]:
        """A corpus's own weights decay by its size, shared filters hardly."""
        groups: list[dict[str, Any]] = []
        if filters:
            decay = decay_of(clips[0]) if len(networks) == 1 else self.recipe.filter_decay
            groups.append({"params": list(networks[0].filters.parameters()), "weight_decay": decay, "times": 1.0})
        for network, count in zip(networks, clips, strict=True):
            moving = [weights for weights in network.own.parameters() if weights.requires_grad]
            groups.append({"params": moving, "weight_decay": decay_of(count), "times": 1.0})
        return groups

    def optimiser(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        """SGD with momentum."""
        return torch.optim.SGD(groups, lr=self.recipe.rates[0], momentum=self.recipe.momentum)

    def shared_parameters(self) -> int:
        """None."""
        return 0
