"""The convolutions of wav2vec 2.0 in a form that a CPU computes fast in bf16, for training.

The convolutions of the waveform encoder are matrix products with channels last, so that layer norm needs no transposing: the same
weights and numbers, 1.5 times as fast.
"""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
from torch import nn

from learner.encoders.wav2vec2.positional import use_exact_positions


def use_fast_convolutions(model: Any) -> None:
    """Replace the forward of `model.feature_extractor`, where each layer has a layer norm and a kernel of whole strides."""
    layers = model.feature_extractor.conv_layers
    if all(_suits(layer) for layer in layers):
        model.feature_extractor.forward = MethodType(_forward, model.feature_extractor)
    use_exact_positions(model)


def _suits(layer: Any) -> bool:
    normed = isinstance(getattr(layer, "layer_norm", None), nn.LayerNorm)
    return normed and layer.conv.kernel_size[0] % layer.conv.stride[0] == 0


def _forward(self: Any, waveforms: torch.Tensor) -> torch.Tensor:
    """[n, channels, frames] of waveforms [n, samples]."""
    states = waveforms[:, :, None]
    for layer in self.conv_layers:
        states = layer.activation(layer.layer_norm(_convolved(states, layer.conv)))
    return states.transpose(1, 2)


def _convolved(states: torch.Tensor, conv: nn.Conv1d) -> torch.Tensor:
    """[n, frames, channels out] of [n, samples, channels in]."""
    stride, kernel = conv.stride[0], conv.kernel_size[0]
    steps, reach = states.shape[1] // stride, kernel // stride
    # A window is `reach` neighbouring blocks of `stride` samples: slices, whose gradients are cheap, instead of an unfold.
    blocks = states[:, : steps * stride].reshape(len(states), steps, -1)
    windows = torch.cat([blocks[:, first : steps - reach + 1 + first] for first in range(reach)], dim=2)
    weights = conv.weight.permute(0, 2, 1).flatten(1)
    return nn.functional.linear(windows, weights, conv.bias)
