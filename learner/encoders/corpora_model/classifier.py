"""A corpus's own network as a classifier of audio: its probabilities for the crops that cover a clip, averaged.

It gives the logarithms of the probabilities as vectors, so whatever applies a linear head to an encoder's vectors can use it with
a head that changes nothing. Of a clip longer than five minutes the beginning is looked at, as in training.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from db.errors import EncoderError
from learner.arrays import Float32Array, Waveform
from learner.encoders.corpora_model.crops import windows
from learner.encoders.corpora_model.folded import FoldedNetwork, checked
from learner.encoders.corpora_model.log_mel import RATE, frames_in, log_mel
from learner.encoders.memory import enough_memory
from learner.encoders.runtime import chosen_device

MOST_SECONDS = 300.0
_LEAST = 1e-30


@dataclass(frozen=True)
class FoldedHead:
    """Pooling, a hidden layer with its normalisation folded in, and a logit for each class.

    Args:
        hidden, classes: weights and biases.
        attention: weights and biases of the places, and the weights of their sum; None for the mean.
    """

    hidden: tuple[Tensor, Tensor]
    classes: tuple[Tensor, Tensor]
    attention: tuple[Tensor, Tensor, Tensor] | None

    def logits(self, maps: Tensor) -> Tensor:
        """[n, classes] of maps [n, channels, bands, frames]."""
        linear = torch.nn.functional.linear
        pooled = maps.mean(dim=(2, 3))
        if self.attention is not None:
            places = maps.flatten(2).transpose(1, 2)
            weight, bias, summed = self.attention
            shares = linear(linear(places, weight, bias).tanh(), summed).softmax(dim=1)
            pooled = (shares * places).sum(dim=1)
        return linear(linear(pooled, *self.hidden).relu(), *self.classes)

    def tensors(self) -> dict[str, Tensor]:
        """By name, for a file."""
        found = {
            "hidden.weight": self.hidden[0], "hidden.bias": self.hidden[1],
            "classes.weight": self.classes[0], "classes.bias": self.classes[1],
        }  # fmt: skip
        if self.attention is not None:
            found |= dict(zip(_ATTENTION, self.attention, strict=True))
        return found


_ATTENTION = ("attention.places.weight", "attention.places.bias", "attention.weight")


def tensors_of(network: FoldedNetwork, head: FoldedHead) -> dict[str, Tensor]:
    """What a file of a network and its head holds."""
    found = {f"head.{name}": tensor for name, tensor in head.tensors().items()}
    for place, (weight, bias) in enumerate(network.convolutions):
        found |= {f"convolutions.{place}.weight": weight, f"convolutions.{place}.bias": bias}
    return {name: tensor.detach().float().cpu().contiguous().clone() for name, tensor in found.items()}


def network_of(tensors: Mapping[str, Tensor], *, classes: int) -> tuple[FoldedNetwork, FoldedHead]:
    """The network and head of such a file.

    Raises:
        KeyError, ValueError: a tensor is missing, has another shape, or holds what is no number.
    """
    if not all(tensor.is_floating_point() and torch.isfinite(tensor).all() for tensor in tensors.values()):
        raise ValueError("a weight is not a number")
    count = sum(name.startswith("convolutions.") and name.endswith(".weight") for name in tensors)
    pairs = [(tensors[f"convolutions.{place}.weight"], tensors[f"convolutions.{place}.bias"]) for place in range(count)]
    network = checked(FoldedNetwork([(weight.float(), bias.float()) for weight, bias in pairs]))
    own = {name.removeprefix("head."): tensor.float() for name, tensor in tensors.items() if name.startswith("head.")}
    attention = (own[_ATTENTION[0]], own[_ATTENTION[1]], own[_ATTENTION[2]]) if _ATTENTION[2] in own else None
    head = FoldedHead(
        (own["hidden.weight"], own["hidden.bias"]), (own["classes.weight"], own["classes.bias"]), attention
    )  # fmt: skip
    channels, hidden = network.channels, len(own["hidden.bias"])
    shapes = {"hidden.weight": (hidden, channels), "hidden.bias": (hidden,), "classes.weight": (classes, hidden)}
    shapes |= {"classes.bias": (classes,)}
    if attention is not None:
        shapes |= dict(zip(_ATTENTION, ((channels, channels), (channels,), (1, channels)), strict=True))
    wrong = [name for name, shape in shapes.items() if tuple(own[name].shape) != shape]
    if wrong:
        raise ValueError(f"{wrong[0]} has a shape that does not fit")
    return network, head


class CropClassifier:
    """A network with its head; `dim` is the number of classes."""

    sampling_rate = RATE
    remark: str | None = None

    def __init__(
        self, network: FoldedNetwork, head: FoldedHead, *, folder: Path, crop_seconds: float, device: str | None = None
    ) -> None:
        self._folder, self._crop, self._asked = folder, crop_seconds, device
        self._given, self._given_head = network, head

    @property
    def name(self) -> str:
        """Its folder."""
        return str(self._folder)

    @property
    def revision(self) -> str:
        """None is needed: a classifier makes no features."""
        return ""

    @property
    def dim(self) -> int:
        """How many classes there are."""
        return len(self._given_head.classes[1])

    @property
    def settings(self) -> dict[str, Any]:
        """What its values depend on besides its weights."""
        return {"encoder": self.name, "crop_seconds": self._crop}

    def encode(self, waveforms: Sequence[Waveform]) -> Float32Array:
        """Logarithms of the probabilities, [n, classes]."""
        return np.array([self._of(waveform) for waveform in waveforms], np.float32).reshape(-1, self.dim)

    def encode_stream(self, blocks: Iterable[Waveform]) -> Float32Array:
        """Those of one long clip, [classes]."""
        held, samples = [], 0
        for block in blocks:
            held.append(block)
            samples += len(block)
            if samples > MOST_SECONDS * RATE:
                break
        return self._of(np.concatenate(held) if held else np.zeros(0, np.float32))

    def _of(self, waveform: Waveform) -> Float32Array:
        crops = windows(log_mel(waveform[: round(MOST_SECONDS * RATE)]), frames=frames_in(self._crop))
        network, head = self._parts
        purpose = f"{self.name!r} to predict {len(crops)} crops at once"
        with enough_memory(purpose, device=self._device), torch.inference_mode():
            logits = head.logits(network.maps(torch.from_numpy(crops).to(self._device)))
            found = logits.double().softmax(dim=1).mean(dim=0).clamp(min=_LEAST).log()
        return found.cpu().numpy().astype(np.float32)

    @cached_property
    def _device(self) -> str:
        return chosen_device(self._asked)

    @cached_property
    def _parts(self) -> tuple[FoldedNetwork, FoldedHead]:
        head, device = self._given_head, self._device
        try:
            moved = FoldedHead(
                (head.hidden[0].to(device), head.hidden[1].to(device)),
                (head.classes[0].to(device), head.classes[1].to(device)),
                None if head.attention is None else tuple(each.to(device) for each in head.attention),  # type: ignore[arg-type]
            )
            return self._given.to(device), moved
        except (RuntimeError, AssertionError) as error:
            raise EncoderError(f"Device {device!r} cannot be used for {self.name!r} ({error}); choose cpu.") from error
