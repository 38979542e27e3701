"""The transformer of a network of the wav2vec 2.0 kind, on frames of its frozen convolutions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from learner.encoder_training.frames.portions import Portion
from learner.encoders.precision import BFLOAT16
from learner.encoders.wav2vec2.positional import use_exact_positions


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
        # A layer that is left out has no hidden state, and those above it would take its place.
        model.config.layerdrop = model.encoder.config.layerdrop = 0.0
        model.feature_projection.requires_grad_(False)
        self.model = model
        self._lower = precision == BFLOAT16
        self._masks: Masks | None = None
        self._between = _Between()
        for number, layer in enumerate(model.encoder.layers):
            # Before the hooks of transformers, which keep hidden states.
            layer.register_forward_hook(partial(self._between.adapted, number), prepend=True)

    @property
    def hidden_size(self) -> int:
        """Values a frame and layer."""
        return int(self.model.config.hidden_size)

    def forward(
        self, portion: Portion, masks: Masks | None = None, *, exact: bool = False, adapters: Iterable[nn.Module] = ()
    ) -> tuple[HiddenStates, torch.Tensor]:
        """Hidden states [clips, frames, hidden size] by layer, and which frames are those of a clip [clips, frames].

        Args:
            exact: in float32, whatever is faster. What is scored should be: in bf16 the shipped head lost three points of UA on
                one fold of EmoDB.
            adapters: one for each layer, which changes its output [clips, frames, hidden size] before the next takes it; several
                corpora may use the same layers with adapters of their own.
        """
        there = torch.arange(portion.frames.shape[1], device=portion.frames.device)[None] < portion.lengths[:, None]
        self._masks, self._between.adapters = masks, tuple(adapters)
        lower, kind = self._lower and not exact, portion.frames.device.type
        try:
            with torch.autocast(kind, dtype=torch.bfloat16) if lower else nullcontext():
                found = self.model(portion.frames, attention_mask=there, output_hidden_states=True)
        finally:
            self._masks, self._between.adapters = None, ()
        return HiddenStates((states.float() for states in found.hidden_states), last=found.last_hidden_state.float()), there

    def _masked(self, hidden: torch.Tensor, mask_time_indices: Any = None, attention_mask: Any = None) -> torch.Tensor:
        masks = self._masks
        if masks is None:
            return hidden
        hidden = torch.where(masks.frames[..., None], self.model.masked_spec_embed.to(hidden.dtype), hidden)
        return hidden if masks.features is None else hidden.masked_fill(masks.features[:, None], 0.0)


class _Between:
    """What changes the output of layers while the network computes; a copy of the layers does not copy the network with it."""

    def __init__(self) -> None:
        self.adapters: tuple[nn.Module, ...] = ()

    def adapted(self, number: int, _layer: nn.Module, _inputs: Any, output: Any) -> Any:
        if not self.adapters:
            return output
        adapter = self.adapters[number]
        return (adapter(output[0]), *output[1:]) if isinstance(output, tuple) else adapter(output)


class _AsTheyCome(nn.Module):
    """Stands for the convolutions: passes their frames on, with channels first as theirs are."""

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """[clips, channels, frames] of [clips, frames, channels]."""
        return frames.transpose(1, 2)

    def _freeze_parameters(self) -> None:
        """There are none."""


def pooled_states(layers: Sequence[torch.Tensor], there: torch.Tensor, *, spreads: bool) -> list[torch.Tensor]:
    """Means of layers over time, [clips, hidden size] each, and behind them their deviations, as encoders pool them.

    Args:
        layers: hidden states, [clips, frames, hidden size] each.
        there: which frames are those of a clip, [clips, frames].
    """
    weights = there[..., None].float()
    count = weights.sum(dim=1)
    means = [(states * weights).sum(dim=1) / count for states in layers]
    if not spreads:
        return means
    return means + [
        (((states - mean[:, None]) * weights).square().sum(dim=1) / count + 1e-8).sqrt()
        for states, mean in zip(layers, means, strict=True)
    ]
