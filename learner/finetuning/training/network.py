"""The network that is fine-tuned: the transformer of a checkpoint on frames of its frozen convolutions, and a linear layer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from learner.encoders.precision import BFLOAT16
from learner.encoders.wav2vec2.positional import use_exact_positions
from learner.finetuning.training.batches import Portion


@dataclass(frozen=True)
class Masks:
    """What is hidden: frames [clips, frames] become the mask's vector, features [clips, hidden size] become 0."""

    frames: torch.Tensor
    features: torch.Tensor | None = None


class HiddenStates(tuple[torch.Tensor, ...]):
    """Those of all layers; `last` is what the network gives in the end, which may be the last of them behind a further norm."""

    last: torch.Tensor

    def __new__(cls, layers: Iterable[torch.Tensor], *, last: torch.Tensor) -> HiddenStates:
        """Of layers in order, [clips, frames, hidden size] each."""
        found = super().__new__(cls, layers)
        found.last = last
        return found


class FrameTransformer(nn.Module):
    """Any network of the wav2vec 2.0 kind without its convolutions: it takes their frames."""

    def __init__(self, model: Any, *, precision: str) -> None:
        """Takes the model over; its projection is frozen."""
        super().__init__()
        model.feature_extractor = _AsTheyCome()
        # transformers would take the mask for one of samples.
        model._get_feature_vector_attention_mask = lambda _length, mask, **_: mask
        model._mask_hidden_states = self._masked
        if not hasattr(model, "masked_spec_embed"):
            model.masked_spec_embed = nn.Parameter(torch.zeros(model.config.hidden_size))
        if precision == BFLOAT16:
            # A step takes .16 s with it, .21 s with torch's own attention (EPYC, 24 s of audio).
            model.set_attn_implementation("eager")
        use_exact_positions(model)
        model.feature_projection.requires_grad_(False)
        self.model = model
        self._lower = precision == BFLOAT16
        self._masks: Masks | None = None

    @property
    def hidden_size(self) -> int:
        """Values a frame and layer."""
        return int(self.model.config.hidden_size)

    def forward(self, portion: Portion, masks: Masks | None = None, *, exact: bool = False) -> tuple[HiddenStates, torch.Tensor]:
        """Hidden states [clips, frames, hidden size] by layer, and which frames are those of a clip [clips, frames].

        Args:
            exact: in float32, whatever is faster. What is scored should be: in bf16 the shipped head lost three points of UA on
                one fold of EmoDB.
        """
        there = torch.arange(portion.frames.shape[1], device=portion.frames.device)[None] < portion.lengths[:, None]
        self._masks = masks
        lower, kind = self._lower and not exact, portion.frames.device.type
        try:
            with torch.autocast(kind, dtype=torch.bfloat16) if lower else nullcontext():
                found = self.model(portion.frames, attention_mask=there, output_hidden_states=True)
        finally:
            self._masks = None
        return HiddenStates((states.float() for states in found.hidden_states), last=found.last_hidden_state.float()), there

    def _masked(self, hidden: torch.Tensor, mask_time_indices: Any = None, attention_mask: Any = None) -> torch.Tensor:
        masks = self._masks
        if masks is None:
            return hidden
        hidden = torch.where(masks.frames[..., None], self.model.masked_spec_embed.to(hidden.dtype), hidden)
        return hidden if masks.features is None else hidden.masked_fill(masks.features[:, None], 0.0)


class _AsTheyCome(nn.Module):
    """Stands for the convolutions: passes their frames on, with channels first as theirs are."""

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """[clips, channels, frames] of [clips, frames, channels]."""
        return frames.transpose(1, 2)

    def _freeze_parameters(self) -> None:
        """There are none."""


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
        weights, count = there[..., None].float(), portion.lengths[:, None].float()
        taken = [hidden.last] if self._layers is None else [hidden[layer] for layer in self._layers]
        chosen = [states.relu() for states in taken] if self._relu else taken
        means = [(states * weights).sum(dim=1) / count for states in chosen]
        if self._relu:
            return torch.cat(means, dim=1).relu()
        if self._pooling == "mean":
            return torch.cat(means, dim=1)
        spreads = [
            (((states - mean[:, None]) * weights).square().sum(dim=1) / count + 1e-8).sqrt()
            for states, mean in zip(chosen, means, strict=True)
        ]
        return torch.cat(means + spreads, dim=1)

    def scores(self, pooled: torch.Tensor, statistics: torch.Tensor) -> torch.Tensor:
        """[clips, classes], of pooled vectors and the row of statistics of each clip."""
        found: torch.Tensor = self.linear((pooled - self.shift[statistics]) * self.factor[statistics])
        return found
