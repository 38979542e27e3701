"""The encoder of Whisper (Radford et al. 2023), for clips of any length up to that of its positions.

transformers' own class takes 30 s of spectrogram and nothing else, so a short clip costs as much as a long one, and silence has a
part in its vector. Positions are sinusoids: here they are cut to the length of the clip. Keys, queries and values come from one
product, and the convolutions are products too, which a CPU computes faster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, pad, relu, scaled_dot_product_attention, silu

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"gelu": gelu, "relu": relu, "silu": silu}
_PARTS = {
    "attention_norm": "self_attn_layer_norm",
    "attended": "self_attn.out_proj",
    "inner_norm": "final_layer_norm",
    "widened": "fc1",
    "narrowed": "fc2",
}
"""The parts of a layer here, and what transformers calls them; its keys, queries and values are one product here."""


@dataclass(frozen=True)
class Shape:
    """The measures of a network."""

    bands: int
    width: int
    inner: int
    """Width between the two products of a layer."""
    heads: int
    layers: int
    """Transformer layers of the whole network."""
    positions: int
    activation: str = "gelu"


class Layer(nn.Module):
    """One transformer layer: attention, then two products, each behind a layer norm."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(shape.width)
        self.keyed = nn.Linear(shape.width, 3 * shape.width)
        self.attended = nn.Linear(shape.width, shape.width)
        self.inner_norm = nn.LayerNorm(shape.width)
        self.widened = nn.Linear(shape.width, shape.inner)
        self.narrowed = nn.Linear(shape.inner, shape.width)
        self._heads = shape.heads
        self.activation: Callable[[Tensor], Tensor] = ACTIVATIONS[shape.activation]

    def forward(self, states: Tensor) -> Tensor:
        """[n, frames, width] of the same."""
        apart = self.keyed(self.attention_norm(states)).unflatten(2, (3, self._heads, -1)).permute(2, 0, 3, 1, 4)
        attention = scaled_dot_product_attention(apart[0], apart[1], apart[2])
        states = states + self.attended(attention.transpose(1, 2).flatten(2))
        widened: Tensor = self.activation(self.widened(self.inner_norm(states)))
        found: Tensor = states + self.narrowed(widened)
        return found


class WhisperNetwork(nn.Module):
    """The layers up to the highest one that is needed."""

    def __init__(self, shape: Shape, *, highest: int) -> None:
        super().__init__()
        self.first = nn.Linear(3 * shape.bands, shape.width)
        self.second = nn.Linear(3 * shape.width, shape.width)
        self.positions = nn.Parameter(torch.empty(shape.positions, shape.width), requires_grad=False)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(highest))
        # Hidden state `layers` is the output of the whole encoder, behind its final norm.
        self.final = nn.LayerNorm(shape.width) if highest == shape.layers else None

    def forward(self, spectrograms: Tensor) -> list[Tensor]:
        """Hidden states [n, positions, width] by layer of log-mel spectrograms [n, frames, bands]; two frames a position."""
        states = gelu(_convolved(spectrograms, self.first, stride=1))
        states = gelu(_convolved(states, self.second, stride=2))
        hidden = [states + self.positions[: states.shape[1]]]
        for layer in self.layers:
            hidden.append(layer(hidden[-1]))
        if self.final is not None:
            hidden[-1] = self.final(hidden[-1])
        return hidden


def _convolved(states: Tensor, layer: nn.Linear, *, stride: int) -> Tensor:
    """A convolution of three frames, zeros around the ends, as a product."""
    padded = pad(states, (0, 0, 1, 1)).contiguous()
    count, frames, channels = padded.shape
    windows = padded.as_strided((count, (frames - 3) // stride + 1, 3 * channels), (frames * channels, stride * channels, 1))
    found: Tensor = layer(windows)
    return found


def tensor_names(shape: Shape, *, highest: int) -> list[str]:
    """What a checkpoint calls the tensors that are needed, in the names of transformers' `WhisperEncoder`."""
    names = ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "embed_positions.weight"]
    for layer in range(highest):
        parts = [*_PARTS.values(), "self_attn.q_proj", "self_attn.v_proj"]
        names += [f"layers.{layer}.{part}.{kind}" for part in parts for kind in ("weight", "bias")]
        names.append(f"layers.{layer}.self_attn.k_proj.weight")
    return names + (["layer_norm.weight", "layer_norm.bias"] if highest == shape.layers else [])


def network_of(tensors: Mapping[str, Tensor], shape: Shape, *, highest: int) -> WhisperNetwork:
    """The network with these weights, in float32.

    Args:
        tensors: by the names of `tensor_names`.
        highest: the highest hidden layer that is needed.

    Raises:
        RuntimeError: a tensor has another shape.
    """
    with torch.device("meta"):
        network = WhisperNetwork(shape, highest=highest)
    found: dict[str, Any] = {"positions": tensors["embed_positions.weight"]}
    for ours, theirs in (("first", "conv1"), ("second", "conv2")):
        found[f"{ours}.weight"] = tensors[f"{theirs}.weight"].permute(0, 2, 1).flatten(1)
        found[f"{ours}.bias"] = tensors[f"{theirs}.bias"]
    for layer in range(highest):
        found |= {f"layers.{layer}.{name}": tensor for name, tensor in _layer(tensors, f"layers.{layer}.").items()}
    if highest == shape.layers:
        found |= {f"final.{kind}": tensors[f"layer_norm.{kind}"] for kind in ("weight", "bias")}
    network.load_state_dict({name: tensor.float().contiguous() for name, tensor in found.items()}, assign=True)
    return network.eval().requires_grad_(False)


def _layer(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    found = {
        f"{ours}.{kind}": tensors[f"{prefix}{theirs}.{kind}"] for ours, theirs in _PARTS.items() for kind in ("weight", "bias")
    }
    bias = {each: tensors[f"{prefix}self_attn.{each}_proj.bias"] for each in ("q", "v")}
    found["keyed.weight"] = torch.cat([tensors[f"{prefix}self_attn.{each}_proj.weight"] for each in ("q", "k", "v")])
    # Keys have no bias.
    found["keyed.bias"] = torch.cat([bias["q"], torch.zeros_like(bias["q"]), bias["v"]])
    return found
