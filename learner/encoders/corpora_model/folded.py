"""The network as it computes once it is trained: normalisation and adapters are folded into the 3x3 filters.

A 1x1 convolution beside a 3x3 one is the same as its weights added to the centre of the 3x3 one, and normalisation with fixed
statistics is a scale and a shift of each channel. So every trained network is a row of plain convolutions, with less to compute.
The geometry follows from their shapes alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

_EPSILON = 1e-5
"""Of the normalisation, as `torch.nn.BatchNorm2d` has it."""
_MOST_CHANNELS, _MOST_LAYERS = 4096, 200


@dataclass(frozen=True)
class FoldedNetwork:
    """Convolutions with weights [outputs, inputs, 3, 3] and biases [outputs]: one before the blocks, then two a block."""

    convolutions: Sequence[tuple[Tensor, Tensor]]

    @property
    def channels(self) -> int:
        """Of the output."""
        return len(self.convolutions[-1][1])

    @property
    def stride(self) -> int:
        """Frames of the spectrogram for each one of the output."""
        found = 1
        for place in range(len(self.convolutions)):
            found *= self._step(place)
        return found

    @property
    def reach(self) -> int:
        """Frames of the spectrogram, before and behind, that an output depends on; rounded up to whole strides."""
        found = jump = 1
        for place in range(1, len(self.convolutions)):
            found += jump
            jump *= self._step(place)
        return -(-(found + jump) // jump) * jump

    def to(self, device: str) -> FoldedNetwork:
        """The same network on a device."""
        return FoldedNetwork([(weight.to(device), bias.to(device)) for weight, bias in self.convolutions])

    def maps(self, spectrograms: Tensor) -> Tensor:
        """The output of the last block, [n, channels, bands / 8, frames / 8] (rounded up), of spectrograms [n, bands, frames]."""
        hidden = self._convolved(0, spectrograms.unsqueeze(1)).relu()
        for place in range(1, len(self.convolutions), 2):
            inner = self._convolved(place, hidden).relu()
            hidden = (self._convolved(place + 1, inner) + self._shortcut(place, hidden)).relu()
        return hidden

    def _convolved(self, place: int, hidden: Tensor) -> Tensor:
        weight, bias = self.convolutions[place]
        return functional.conv2d(hidden, weight, bias, stride=self._step(place), padding=1)

    def _shortcut(self, place: int, hidden: Tensor) -> Tensor:
        if self._step(place) > 1:
            hidden = functional.avg_pool2d(hidden, self._step(place), ceil_mode=True)
        outputs, inputs = self.convolutions[place][0].shape[:2]
        return functional.pad(hidden, (0, 0, 0, 0, 0, outputs - inputs)) if outputs > inputs else hidden

    def _step(self, place: int) -> int:
        """A block that adds channels begins with a stride of 2."""
        outputs, inputs = self.convolutions[place][0].shape[:2]
        return 2 if place % 2 and outputs > inputs else 1


def checked(network: FoldedNetwork) -> FoldedNetwork:
    """The network.

    Raises:
        ValueError: its weights fit no network, or one is not a number.
    """
    count, before = len(network.convolutions), 1
    if not 3 <= count <= _MOST_LAYERS or not count % 2:
        raise ValueError(f"it has {count} convolutions")
    for place, (weight, bias) in enumerate(network.convolutions):
        outputs = weight.shape[0] if weight.ndim == 4 else 0
        right = before <= outputs <= _MOST_CHANNELS and (place == 0 or place % 2 == 1 or outputs == before)
        if not right or tuple(weight.shape) != (outputs, before, 3, 3) or tuple(bias.shape) != (outputs,):
            raise ValueError(f"convolution {place + 1} has a shape that fits no network")
        if not (torch.isfinite(weight).all() and torch.isfinite(bias).all()):
            raise ValueError("a weight is not a number")
        before = outputs
    return network


def folded(filters: Sequence[Tensor], norms: Sequence[Mapping[str, Tensor]], adapters: Sequence[Tensor] | None) -> FoldedNetwork:
    """The network of these parts.

    Args:
        filters: [outputs, inputs, 3, 3] of each layer.
        norms: `weight`, `bias`, `running_mean` and `running_var` of each layer, [outputs].
        adapters: [outputs, inputs, 1, 1] of each layer.

    Raises:
        KeyError, RuntimeError, ValueError: they do not belong together.
    """
    found = []
    for place, (weight, norm) in enumerate(zip(filters, norms, strict=True)):
        whole = weight.detach().double().clone()
        if adapters is not None:
            whole[:, :, 1:2, 1:2] += adapters[place].detach().double()
        scale = norm["weight"].double() / (norm["running_var"].double() + _EPSILON).sqrt()
        bias = norm["bias"].double() - norm["running_mean"].double() * scale
        found.append(((whole * scale[:, None, None, None]).float(), bias.float()))
    return checked(FoldedNetwork([(weight.contiguous(), bias) for weight, bias in found]))
