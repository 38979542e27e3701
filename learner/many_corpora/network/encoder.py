"""An encoder of the wav2vec 2.0 kind with adapters: bottlenecks between its layers, and a linear head on pooled hidden states.

Houlsby et al. 2019, *Parameter-efficient transfer learning for NLP*, in the form of Bapna & Firat 2019, *Simple, scalable
adaptation for neural machine translation*: one adapter behind each layer, with a layer norm of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from learner.arrays import Float16Array, Float32Array, Int64Array
from learner.encoder_training.frames.portions import Portion, cropped, micro_seconds, portions
from learner.encoder_training.frames.transformer import FrameTransformer, pooled_states
from learner.encoders.corpora_model.crops import MOST_WINDOWS
from learner.encoders.pooling import Layers, pooled_width
from learner.many_corpora.network.base import Array, CorpusNetwork
from learner.many_corpora.recipe import EncoderRecipe

_REMEMBERED = 160
"""Clips that statistics which follow are those of, about: ten batches."""


@dataclass(frozen=True)
class Shape:
    """What the network must know of an encoder."""

    hidden_size: int
    """Values a frame and layer."""
    blocks: int
    """Transformer layers that are used."""
    layers: Layers
    pooling: str
    frames_per_second: float

    @property
    def width(self) -> int:
        """Of a pooled vector."""
        return pooled_width(self.hidden_size * self.layers.parts, pooling=self.pooling)


class Adapter(nn.Module):
    """Layer norm, a few values, ReLU, and back; added to what comes in. It begins as nothing: the way back is zero."""

    def __init__(self, width: int, bottleneck: int, *, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.down = nn.Linear(width, bottleneck)
        self.up = nn.Linear(bottleneck, width)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)
        self._dropout = dropout

    def forward(self, states: Tensor) -> Tensor:
        """[clips, frames, width] of the same."""
        inner = functional.dropout(functional.relu(self.down(self.norm(states))), self._dropout, self.training)
        found: Tensor = states + self.up(inner)
        return found


class PooledHead(nn.Module):
    """A linear layer on vectors that are centred and scaled by statistics; it begins at zero.

    The statistics are those of the training clips. Where the network before the head learns, they follow it: a small change of
    all weights in one direction would otherwise shift the vectors of all clips by more than clips differ.
    """

    shift: Tensor
    factor: Tensor

    def __init__(self, width: int, classes: int, *, dropout: float) -> None:
        super().__init__()
        self.classes = nn.Linear(width, classes)
        nn.init.zeros_(self.classes.weight)
        nn.init.zeros_(self.classes.bias)
        self.register_buffer("shift", torch.zeros(width))
        self.register_buffer("factor", torch.ones(width))
        self._dropout, self.follows = dropout, False

    def take_statistics(self, vectors: Float32Array) -> None:
        """Those of vectors [n, width]."""
        spread = vectors.std(axis=0, dtype=np.float64)
        self.shift.copy_(torch.from_numpy(vectors.mean(axis=0, dtype=np.float64)))
        self.factor.copy_(torch.from_numpy(1 / np.maximum(spread, 1e-4)))

    def scale(self, factor: float) -> None:
        """Multiply all scores; what is predicted stays the same."""
        with torch.no_grad():
            self.classes.weight.mul_(factor)
            self.classes.bias.mul_(factor)

    def forward(self, vectors: Tensor) -> Tensor:
        """Logits [n, classes] of vectors [n, width]."""
        if self.training and self.follows:
            self._follow(vectors.detach())
        standard = (vectors - self.shift) * self.factor
        found: Tensor = self.classes(functional.dropout(standard, self._dropout, self.training))
        return found

    def _follow(self, vectors: Tensor) -> None:
        share = min(len(vectors) / _REMEMBERED, 0.5)
        self.shift.lerp_(vectors.mean(dim=0), share)
        squares = (vectors - self.shift).square().mean(dim=0)
        self.factor.copy_(self.factor.pow(-2).lerp(squares, share).clamp(min=1e-8).rsqrt())


class OwnLayers(nn.Module):
    """What one corpus has of its own: a head, and in `adapters` mode an adapter for each layer."""

    def __init__(self, recipe: EncoderRecipe, shape: Shape, *, classes: int, adapters: bool) -> None:
        super().__init__()
        self.head = PooledHead(shape.width, classes, dropout=recipe.head_dropout)
        built = [
            Adapter(shape.hidden_size, recipe.bottleneck, dropout=recipe.adapter_dropout) for _ in range(shape.blocks * adapters)
        ]
        self.adapters = nn.ModuleList(built) if adapters else None


class EncoderNetwork(CorpusNetwork):
    """The network of one corpus: the encoder's layers, shared or not, with its own. It takes frames of the convolutions."""

    filters: FrameTransformer
    own: OwnLayers

    def __init__(self, recipe: EncoderRecipe, shape: Shape, filters: FrameTransformer, own: OwnLayers) -> None:
        super().__init__()
        self.filters, self.own = filters, own
        self._shape, self._tunes_filters = shape, False
        self._most = max(int(recipe.crop_seconds * shape.frames_per_second), 1)

    def forward(self, portion: Portion) -> Tensor:
        """Logits [n, classes] of frames."""
        found: Tensor = self.own.head(self.pooled(portion))
        return found

    def pooled(self, portion: Portion) -> Tensor:
        """Layers pooled over time as the encoder pools them, [n, width]."""
        hidden, there = self.filters(portion, adapters=self.own.adapters or ())
        layers = self._shape.layers
        chosen = [hidden[index] for index in layers.indices]
        average = [torch.stack(chosen).mean(dim=0)] if layers.averaged else []
        states = (chosen if layers.apart else []) + average
        return torch.cat(pooled_states(states, there, spreads=self._shape.pooling != "mean"), dim=1)

    def learns(self, *, filters: bool, norms: bool) -> None:
        """See `CorpusNetwork`; the projection of the convolutions' frames never does."""
        self.filters.requires_grad_(False)
        self.filters.model.encoder.requires_grad_(filters)
        self.own.requires_grad_(True)
        self.own.head.follows = True
        self._tunes_filters = filters

    def train(self, mode: bool = True) -> EncoderNetwork:
        """As any module; a frozen encoder computes without dropout."""
        super().train(mode)
        self.filters.train(mode and self._tunes_filters)
        return self

    def crop(self, array: Array, rng: np.random.Generator) -> Array:
        """A stretch [frames, channels]; a shorter clip stays as it is."""
        return cropped(cast(Float16Array, array), self._most, rng)

    def windows(self, array: Array) -> Sequence[Array]:
        """The fewest that cover the clip, evenly spaced; they may overlap."""
        count = min(-(-len(array) // self._most), MOST_WINDOWS)
        begins = np.linspace(0, max(len(array) - self._most, 0), count).round().astype(np.int64)
        return [array[begin : begin + self._most] for begin in begins.tolist()]

    def portions(self, cuts: Sequence[Array], *, device: str) -> Iterator[tuple[Int64Array, Portion]]:
        """Those of about the same length, with padding behind their ends."""
        most = int(micro_seconds(device) * self._shape.frames_per_second)
        for portion in portions(range(len(cuts)), cast(Sequence[Float16Array], cuts), most_frames=most):
            yield portion.rows, portion.to(device)
