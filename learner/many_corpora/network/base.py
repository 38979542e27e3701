"""What training, prediction and the folder of a model ask of a corpus's network, whatever its kind.

A network takes what its `portions` put side by side: crops or windows of the arrays that clips have in a cache.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
from torch import Tensor, nn

from learner.arrays import Float16Array, Float32Array, Int64Array

Array = Float16Array | Float32Array
FiltersT, OwnT = TypeVar("FiltersT", bound=nn.Module), TypeVar("OwnT", bound=nn.Module)


class CorpusNetwork(nn.Module, ABC):
    """The network of one corpus: filters, which may be those of all corpora, with what the corpus has of its own."""

    filters: nn.Module
    own: nn.Module

    @abstractmethod
    def pooled(self, inputs: Any) -> Tensor:
        """What the head classifies, [n, width]."""

    @abstractmethod
    def forward(self, inputs: Any) -> Tensor:
        """Logits [n, classes]."""

    @abstractmethod
    def learns(self, *, filters: bool, norms: bool) -> None:
        """Which weights move in training besides heads and adapters; the others compute in `train` as they do in `eval`."""

    @abstractmethod
    def crop(self, array: Array, rng: np.random.Generator) -> Array:
        """What a step of training sees of a clip: a stretch at a random place."""

    @abstractmethod
    def windows(self, array: Array) -> Sequence[Array]:
        """What prediction sees of a clip: windows that cover it; their probabilities are averaged."""

    @abstractmethod
    def portions(self, cuts: Sequence[Array], *, device: str) -> Iterator[tuple[Int64Array, Any]]:
        """Crops or windows side by side as the network takes them, as many as fit in memory at once; with their places."""
