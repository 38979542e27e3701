"""wav2vec 2.0 on a CPU: the same weights and numbers, in the form that a CPU multiplies fastest.

On wav2vec2-base with clips of 1.6 s, `transformers` in autocast spends a third of the time on casting weights again for every
clip, and another third on convolutions that oneDNN plans again for every length. So here convolutions are matrix products with
channels last, the weights of products are cast once, and weight normalisation is computed once. In bf16 products have few
different numbers of rows, because oneDNN compiles a program for each number.
"""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any

from learner.encoders.cpu_products import product, use_bf16_products
from learner.encoders.wav2vec2.positional import use_exact_positions

if TYPE_CHECKING:
    from torch import Tensor

_ROWS_CONVOLVED = 256
"""The rows of products are padded to a multiple of this: there are many more windows of a convolution than frames."""
_PORTION = 8192
"""Frames that are normalised at a time."""


def prepare_for_cpu(model: Any, *, precision: str) -> None:
    """Change a `Wav2Vec2Model` in place; in a model of another build only the safe parts are changed.

    Args:
        precision: "float32", or "bfloat16" for a model that will run in autocast.
    """
    import torch

    lower = precision == "bfloat16"
    _fold_weight_norm(model)
    if lower:
        use_exact_positions(model)
        use_bf16_products(model)
    extractor = getattr(model, "feature_extractor", None)
    if extractor is not None and all(_suits(layer) for layer in extractor.conv_layers):
        for layer in extractor.conv_layers:
            _flatten(layer.conv, torch.bfloat16 if lower else torch.float32)
        extractor.forward = MethodType(_features, extractor)


def _fold_weight_norm(model: Any) -> None:
    from torch.nn.utils import parametrize

    convolution = getattr(getattr(model.encoder, "pos_conv_embed", None), "conv", None)
    if convolution is not None and parametrize.is_parametrized(convolution, "weight"):
        parametrize.remove_parametrizations(convolution, "weight")


def _suits(layer: Any) -> bool:
    from torch import nn

    norm, convolution = getattr(layer, "layer_norm", None), layer.conv
    # A group norm of whole channels, as all published checkpoints have.
    known = (
        norm is None
        or isinstance(norm, nn.LayerNorm)
        or (isinstance(norm, nn.GroupNorm) and norm.num_groups == norm.num_channels)
    )
    return known and convolution.groups == 1 and convolution.padding == (0,) and convolution.dilation == (1,)


def _flatten(convolution: Any, dtype: Any) -> None:
    weight = convolution.weight.detach()
    convolution.flat = weight.permute(0, 2, 1).flatten(1).to(dtype).contiguous()
    convolution.flat_bias = None if convolution.bias is None else convolution.bias.detach().to(dtype)


def _features(self: Any, waveforms: Tensor) -> Tensor:
    """[n, channels, frames] of waveforms [n, samples]."""
    from torch import nn

    states = waveforms.to(self.conv_layers[0].conv.flat.dtype)[:, :, None]
    for layer in self.conv_layers:
        states = _convolved(states, layer.conv)
        norm = getattr(layer, "layer_norm", None)
        if isinstance(norm, nn.GroupNorm):
            states = _normed_by_channel(states, norm)
        elif norm is not None:
            states = norm(states)
        states = layer.activation(states).to(layer.conv.flat.dtype)
    return states.transpose(1, 2)


def _convolved(states: Tensor, convolution: Any) -> Tensor:
    """[n, frames, channels out] of [n, samples, channels in]."""
    count, samples, channels = states.shape
    kernel, stride = convolution.kernel_size[0], convolution.stride[0]
    frames = (samples - kernel) // stride + 1
    windows = states.contiguous().as_strided((count, frames, kernel * channels), (samples * channels, stride * channels, 1))
    return product(windows, convolution.flat, convolution.flat_bias, multiple=_ROWS_CONVOLVED)


def _normed_by_channel(states: Tensor, norm: Any) -> Tensor:
    """Group norm of one channel a group, over the frames, in place; far faster than `var_mean` with channels last.

    In portions: this is where a clip takes the most memory.
    """
    portions = [states[:, start : start + _PORTION] for start in range(0, states.shape[1], _PORTION)]
    mean = sum(portion.float().sum(dim=1, keepdim=True) for portion in portions) / states.shape[1]
    variance = sum((portion.float() - mean).square_().sum(dim=1, keepdim=True) for portion in portions) / states.shape[1]
    slope = norm.weight / (variance + norm.eps).sqrt()
    shift = norm.bias - mean * slope
    for portion in portions:
        portion.copy_(portion.float().mul_(slope).add_(shift))
    return states
