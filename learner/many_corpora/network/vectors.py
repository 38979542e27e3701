"""The head of an encoder's corpus alone, on vectors that are pooled once: nothing before it moves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from learner.arrays import Float32Array, Int64Array
from learner.corpora.clips import ProbeClip
from learner.many_corpora.network.base import Array, CorpusNetwork
from learner.many_corpora.network.encoder import OwnLayers


class PooledInputs:
    """The vectors of the windows of each clip, [windows, width]; of clips that training does not see there are none."""

    def __init__(self, clips: list[ProbeClip], keys: list[str], vectors: dict[int, Float32Array]) -> None:
        self.clips, self.keys, self._vectors = clips, keys, vectors

    def __getitem__(self, row: int) -> Float32Array:
        """Those of a clip."""
        return self._vectors[row]


class HeadNetwork(CorpusNetwork):
    """The head as a network; it takes pooled vectors [n, width]."""

    own: OwnLayers

    def __init__(self, own: OwnLayers) -> None:
        super().__init__()
        self.filters, self.own = nn.Module(), own

    def forward(self, vectors: Tensor) -> Tensor:
        """Logits [n, classes]."""
        found: Tensor = self.own.head(vectors)
        return found

    def pooled(self, vectors: Tensor) -> Tensor:
        """As they are."""
        return vectors

    def learns(self, *, filters: bool, norms: bool) -> None:
        """The head does, and nothing else."""
        self.own.requires_grad_(False)
        self.own.head.requires_grad_(True)
        self.own.head.follows = False

    def crop(self, array: Array, rng: np.random.Generator) -> Array:
        """One of the windows."""
        found: Array = array[int(rng.integers(len(array)))]
        return found

    def windows(self, array: Array) -> Sequence[Array]:
        """All of them."""
        return list(array)

    def portions(self, cuts: Sequence[Array], *, device: str) -> Iterator[tuple[Int64Array, Tensor]]:
        """All at once."""
        yield np.arange(len(cuts)), torch.from_numpy(np.stack(cuts)).to(device)
