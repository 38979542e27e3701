"""wav2vec 2.0 on a CPU: the same weights and numbers, in the form that a CPU multiplies fastest.

On wav2vec2-base with clips of 1.6 s, `transformers` in autocast spends a third of the time on casting weights again for every
clip, and another third on convolutions that oneDNN plans again for every length. So here convolutions are matrix products with
channels last, the weights of products are cast and packed once, weight normalisation is computed once, and a group norm is a part
of the weights before it (the last in float32 only).
"""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from learner.encoders.cpu_products import GELU, NOTHING, fuses, is_gelu, packed, product, use_fast_products
from learner.encoders.precision import BFLOAT16
from learner.encoders.wav2vec2.positional import use_exact_positions

_FEW = 64
"""Values in a window of which the covariance is found faster than the variance of all channels."""
_PORTION = 8192
"""Frames that are normalised at a time."""


def prepare_for_cpu(model: Any, *, precision: str) -> None:
    """Change a `Wav2Vec2Model` in place; in a model of another build only the safe parts are changed.

    Args:
        precision: "float32", or "bfloat16" for a model that will run in autocast.
    """
    dtype = torch.bfloat16 if precision == BFLOAT16 else torch.float32
    _fold_weight_norm(model)
    if dtype == torch.bfloat16:
        use_exact_positions(model)
    use_fast_products(model, dtype=dtype)
    extractor = getattr(model, "feature_extractor", None)
    if extractor is not None and all(_suits(layer) for layer in extractor.conv_layers):
        for layer in extractor.conv_layers:
            _flatten(layer.conv, dtype)
        extractor.forward = MethodType(_features, extractor)


def _fold_weight_norm(model: Any) -> None:
    convolution = getattr(getattr(model.encoder, "pos_conv_embed", None), "conv", None)
    if convolution is not None and parametrize.is_parametrized(convolution, "weight"):
        parametrize.remove_parametrizations(convolution, "weight")


def _suits(layer: Any) -> bool:
    norm, convolution = getattr(layer, "layer_norm", None), layer.conv
    # A group norm of whole channels, as all published checkpoints have.
    known = (
        norm is None
        or isinstance(norm, nn.LayerNorm)
        or (isinstance(norm, nn.GroupNorm) and norm.num_groups == norm.num_channels)
    )
    return known and convolution.groups == 1 and convolution.padding == (0,) and convolution.dilation == (1,)


def _flatten(convolution: Any, dtype: torch.dtype) -> None:
    weight = convolution.weight.detach().permute(0, 2, 1).flatten(1)
    convolution.flat = packed(weight, dtype)
    convolution.flat_bias = None if convolution.bias is None else convolution.bias.detach().to(dtype)
    # In bf16 the order of rounding stays as it was, see `fuses`.
    convolution.wide = weight.double() if dtype == torch.float32 and weight.shape[1] <= _FEW else None


def _features(self: Any, waveforms: Tensor) -> Tensor:
    """[n, channels, frames] of waveforms [n, samples]."""
    dtype = self.conv_layers[0].conv.flat.dtype
    states = waveforms[:, :, None]
    for layer in self.conv_layers:
        norm = getattr(layer, "layer_norm", None)
        if isinstance(norm, nn.GroupNorm) and layer.conv.wide is not None:
            states = _normed_products(states, layer)
            continue
        fused = norm is None and fuses(dtype) and is_gelu(layer.activation)
        states = product(
            _windows(states.to(dtype), layer.conv), layer.conv.flat, layer.conv.flat_bias, activation=GELU if fused else NOTHING
        )
        if isinstance(norm, nn.GroupNorm):
            states = _normed_by_channel(states, norm)
        elif norm is not None:
            states = norm(states)
        states = states if fused else layer.activation(states).to(dtype)
    return states.transpose(1, 2)


def _windows(states: Tensor, convolution: Any) -> Tensor:
    """What each frame of a convolution sees, [n, frames, kernel * channels], of [n, samples, channels]."""
    count, samples, channels = states.shape
    kernel, stride = convolution.kernel_size[0], convolution.stride[0]
    frames = (samples - kernel) // stride + 1
    return states.contiguous().as_strided((count, frames, kernel * channels), (samples * channels, stride * channels, 1))


def _normed_products(states: Tensor, layer: Any) -> Tensor:
    """A convolution, group norm of one channel a group, and activation, in float32: [n, frames, channels out].

    Mean and variance of a channel follow from those of the windows, which are short. So the norm becomes a part of weight and
    bias, and takes no pass over the frames; the bias of the convolution goes with the mean. Moments are in float64.
    """
    weight, norm, found = layer.conv.wide, layer.layer_norm, []
    fused = fuses(torch.float32) and is_gelu(layer.activation)
    for windows in _windows(states, layer.conv):
        wide = windows.double()
        mean = wide.mean(dim=0)
        wide -= mean
        variance = ((weight @ (wide.T @ wide / len(wide))) * weight).sum(dim=1)
        slope = norm.weight.double() / (variance + norm.eps).sqrt()
        shift = norm.bias.double() - slope * (weight @ mean)
        frames = product(windows, (weight * slope[:, None]).float(), shift.float(), activation=GELU if fused else NOTHING)
        found.append(frames if fused else layer.activation(frames))
    return torch.stack(found) if len(found) > 1 else found[0][None]


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
