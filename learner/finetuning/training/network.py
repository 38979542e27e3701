"""The network that is fine-tuned: the transformer of a checkpoint on frames of its frozen convolutions, and a linear layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from learner.encoder_training.frames.portions import Portion
from learner.encoder_training.frames.transformer import FrameTransformer, Masks, pooled_states


class ClipClassifier(nn.Module):
    """The transformer with a head: pooled layers, centred and scaled by rows of statistics, through a linear layer."""

    shift: torch.Tensor
    factor: torch.Tensor

    def __init__(
        self, transformer: FrameTransformer, *, layers: Sequence[int] | None, pooling: str, classes: int, relu: bool
    ) -> None:
        """With `relu` the head of Chen & Rudnicky 2021: ReLU, mean over time, ReLU, linear. No layers: what the network gives."""
        super().__init__()
        self.transformer = transformer
        self._layers, self._pooling, self._relu = layers, pooling, relu
        width = transformer.hidden_size * (1 if layers is None else len(layers)) * (1 if pooling == "mean" else 2)
        self.linear = nn.Linear(width, classes)
        self.register_buffer("shift", torch.zeros(1, width))
        self.register_buffer("factor", torch.ones(1, width))

    def pooled(self, portion: Portion, masks: Masks | None = None, *, exact: bool = False) -> torch.Tensor:
        """[clips, width]: means of the chosen layers over time, and behind them their deviations, as encoders pool them."""
        hidden, there = self.transformer(portion, masks, exact=exact)
        taken = [hidden.last] if self._layers is None else [hidden[layer] for layer in self._layers]
        chosen = [states.relu() for states in taken] if self._relu else taken
        found = torch.cat(pooled_states(chosen, there, spreads=not self._relu and self._pooling != "mean"), dim=1)
        return found.relu() if self._relu else found

    def scores(self, pooled: torch.Tensor, statistics: torch.Tensor) -> torch.Tensor:
        """[clips, classes], of pooled vectors and the row of statistics of each clip."""
        found: torch.Tensor = self.linear((pooled - self.shift[statistics]) * self.factor[statistics])
        return found
