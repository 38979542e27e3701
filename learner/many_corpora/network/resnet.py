"""The residual network of EmoNet: 3x3 filters that corpora share, and parallel 1x1 adapters with normalisation of their own.

Every 3x3 convolution and the 1x1 beside it are summed, then normalised (parallel residual adapters: Rebuffi, Bilen, Vedaldi 2018,
*Efficient parametrization of multi-domain deep neural networks*; Gerczuk et al. 2021).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from learner.arrays import Int64Array
from learner.encoders.corpora_model.crops import crop, windows
from learner.encoders.corpora_model.log_mel import frames_in
from learner.many_corpora.network.base import Array, CorpusNetwork
from learner.many_corpora.network.heads import Head
from learner.many_corpora.recipe import Recipe


@dataclass(frozen=True)
class Layer:
    """One convolution: channels in and out, and its stride."""

    inputs: int
    outputs: int
    stride: int


def layers_of(recipe: Recipe) -> list[Layer]:
    """The convolutions in order: one before the stages, then two a block; the first block of a stage has stride 2."""
    layers, inputs = [Layer(1, recipe.width, 1)], recipe.width
    for stage in (2, 4, 8):
        for block in range(recipe.blocks):
            outputs = recipe.width * stage
            layers += [Layer(inputs, outputs, 1 if block else 2), Layer(outputs, outputs, 1)]
            inputs = outputs
    return layers


class Filters(nn.Module):
    """The 3x3 convolutions; with a model's corpora they are shared."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(layer.inputs, layer.outputs, 3, stride=layer.stride, padding=1, bias=False) for layer in layers_of(recipe)
        )
        for convolution in self.convolutions:
            nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")  # type: ignore[arg-type]


class OwnLayers(nn.Module):
    """What one corpus has of its own: normalisation of every layer, a head, and in `adapters` mode the 1x1 convolutions."""

    def __init__(self, recipe: Recipe, *, classes: int, adapters: bool) -> None:
        super().__init__()
        layers = layers_of(recipe)
        self.norms = nn.ModuleList(nn.BatchNorm2d(layer.outputs) for layer in layers)
        self.head = Head(recipe, channels=layers[-1].outputs, classes=classes)
        self.adapters = nn.ModuleList(_adapter(layer) for layer in layers) if adapters else None

    def add_adapters(self, recipe: Recipe) -> None:
        """Adapters of zero: the network computes what it did before."""
        self.adapters = nn.ModuleList(_adapter(layer) for layer in layers_of(recipe))


def _adapter(layer: Layer) -> nn.Conv2d:
    convolution = nn.Conv2d(layer.inputs, layer.outputs, 1, stride=layer.stride, bias=False)
    nn.init.zeros_(convolution.weight)
    return convolution


class ResNet(CorpusNetwork):
    """The network of one corpus: filters, shared or not, with its own layers. It takes spectrograms [n, bands, frames]."""

    filters: Filters
    own: OwnLayers

    def __init__(self, recipe: Recipe, filters: Filters, own: OwnLayers) -> None:
        super().__init__()
        self.filters, self.own = filters, own
        self._layers, self._dropout = layers_of(recipe), recipe.dropout
        self._frames, self._tunes_norms = frames_in(recipe.crop_seconds), True

    def forward(self, spectrograms: Tensor) -> Tensor:
        """Logits [n, classes] of spectrograms [n, bands, frames]."""
        found: Tensor = self.own.head(self.maps(spectrograms))
        return found

    def pooled(self, spectrograms: Tensor) -> Tensor:
        """The maps as the head pools them, [n, channels]."""
        return self.own.head.pooled(self.maps(spectrograms))

    def learns(self, *, filters: bool, norms: bool) -> None:
        """See `CorpusNetwork`."""
        self.filters.requires_grad_(filters)
        self.own.norms.requires_grad_(norms)
        self._tunes_norms = norms

    def train(self, mode: bool = True) -> ResNet:
        """As any module; normalisation that does not learn keeps its statistics."""
        super().train(mode)
        self.own.norms.train(mode and self._tunes_norms)
        return self

    def crop(self, array: Array, rng: np.random.Generator) -> Array:
        """A stretch [bands, frames]."""
        return crop(array, frames=self._frames, rng=rng)

    def windows(self, array: Array) -> Sequence[Array]:
        """[windows, bands, frames]."""
        return list(windows(array, frames=self._frames))

    def portions(self, cuts: Sequence[Array], *, device: str) -> Iterator[tuple[Int64Array, Tensor]]:
        """All at once: they are equally long."""
        yield np.arange(len(cuts)), torch.from_numpy(np.stack(cuts)).to(device)

    def maps(self, spectrograms: Tensor) -> Tensor:
        """The output of the last stage, [n, channels, bands / 8, frames / 8] (rounded up)."""
        hidden = functional.relu(self._layer(0, spectrograms.unsqueeze(1)))
        for place in range(1, len(self._layers), 2):
            kept = self._shortcut(hidden, self._layers[place])
            inner = functional.dropout(hidden, self._dropout[0], self.training)
            inner = functional.relu(self._layer(place, inner))
            inner = functional.dropout(inner, self._dropout[1], self.training)
            hidden = functional.relu(self._layer(place + 1, inner) + kept)
        return hidden

    def _layer(self, place: int, hidden: Tensor) -> Tensor:
        found = self.filters.convolutions[place](hidden)
        if self.own.adapters is not None:
            found = found + self.own.adapters[place](hidden)
        normalised: Tensor = self.own.norms[place](found)
        return normalised

    @staticmethod
    def _shortcut(hidden: Tensor, layer: Layer) -> Tensor:
        """Average pooling where the block has a stride, zeros for the channels that are added."""
        if layer.stride > 1:
            hidden = functional.avg_pool2d(hidden, layer.stride, ceil_mode=True)
        added = layer.outputs - layer.inputs
        return functional.pad(hidden, (0, 0, 0, 0, 0, added)) if added else hidden


def parameters(module: nn.Module) -> int:
    """How many values a module learns."""
    return sum(weights.numel() for weights in module.parameters())


def averaged_norms(norms: nn.Module, others: list[nn.ModuleList]) -> None:
    """Start the normalisation of a new corpus at the mean of those of the corpora that filters were trained on."""
    states = [other.state_dict() for other in others]
    with torch.no_grad():
        for name, tensor in norms.state_dict().items():
            if tensor.is_floating_point():
                tensor.copy_(torch.stack([state[name] for state in states]).mean(dim=0))
