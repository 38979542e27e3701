"""Keeps the positional convolution of wav2vec 2.0 correct on CPUs.

Where the number of channels per group is not a multiple of 16, oneDNN's grouped bf16 convolution gives wrong numbers (torch 2.13,
12 channels per group: a standard deviation of .17 where .28 is right), and sometimes gradients that are NaN. 48, as in
wav2vec2-base, is right.
"""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

_SAFE_MULTIPLE = 16


def use_exact_positions(model: Any) -> None:
    """Let the positional convolution of `model` compute in float32, whatever the rest does, where bf16 would be wrong."""
    positional = getattr(model.encoder, "pos_conv_embed", None)
    config = model.config
    groups = getattr(config, "num_conv_pos_embedding_groups", None)
    if positional is not None and groups and (config.hidden_size // groups) % _SAFE_MULTIPLE:
        positional.forward = MethodType(_in_float32, positional)


def _in_float32(self: Any, states: Tensor) -> Tensor:
    import torch

    with torch.autocast(states.device.type, enabled=False):
        found: Tensor = type(self).forward(self, states.float())
    return found
