"""Products as a CPU computes them fastest.

Weights are cast once, and packed once into the order in which oneDNN multiplies. Products have few different numbers of rows,
because oneDNN compiles a program for each number. In float32 torch leaves products to MKL. On processors of AMD, MKL does not use
AVX-512, so there oneDNN computes these too, in about half of the time.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, linear

from learner.encoders.runtime import is_of_amd

NOTHING, GELU = "none", "gelu"
"""What may follow a product within the same pass over memory."""
_ROWS = 32
"""The rows of products are padded to a multiple of this ..."""
_PARTS = 16
"""... or of the power of two that is at most this part of the rows: so at most this part is computed for nothing."""
_PORTION = 8192
"""Rows that are multiplied at a time: windows of a convolution take more memory apart than they do in the signal."""
_ACTIVATIONS = {"intermediate_dense": "intermediate_act_fn", "widened": "activation"}
"""Products, by their names in transformers and here, and the function that follows."""


class PackedLinear(nn.Module):
    """A linear layer with its weight packed, and with the function that follows."""

    def __init__(self, weight: Tensor, bias: Tensor | None, *, dtype: torch.dtype, activation: str = NOTHING) -> None:
        super().__init__()
        self.packed = nn.Parameter(packed(weight.detach(), dtype), requires_grad=False)
        self.bias = None if bias is None else nn.Parameter(bias.detach().to(dtype), requires_grad=False)
        self.activation = activation
        self._weight: Tensor | None = None

    @property
    def weight(self) -> Tensor:
        """[out, in], for networks that read it themselves; unpacked once, since it takes as much memory again."""
        if self._weight is None:
            self._weight = self.packed.to_dense() if self.packed.is_mkldnn else self.packed
        return self._weight

    def forward(self, inputs: Tensor) -> Tensor:
        """[..., out] of [..., in]."""
        return product(inputs, self.packed, self.bias, activation=self.activation)


def use_fast_products(network: nn.Module, *, dtype: torch.dtype) -> None:
    """Let every linear layer of a network keep its weight in `dtype` (in bf16: for autocast), packed. Changes it in place."""
    if dtype == torch.float32 and not packs(dtype):
        return
    for module in list(network.modules()):
        for name, part in list(module.named_children()):
            if type(part) not in (nn.Linear, PackedLinear):
                continue
            known: Any = part
            activation = getattr(known, "activation", NOTHING)
            following = _ACTIVATIONS.get(name, "")
            if fuses(dtype) and is_gelu(getattr(module, following, None)):
                activation = GELU
                setattr(module, following, nn.Identity())
            setattr(module, name, PackedLinear(known.weight, known.bias, dtype=dtype, activation=activation))


def is_gelu(function: Any) -> bool:
    """Whether it is the exact GELU, as a function or as a module of torch or transformers."""
    if type(function) is nn.GELU:
        return bool(function.approximate == NOTHING)
    return function is gelu or (type(function).__name__ == "GELUActivation" and getattr(function, "act", None) is gelu)


def packed(weight: Tensor, dtype: torch.dtype) -> Tensor:
    """The weight [out, in] of a product in `dtype`, packed where that is faster."""
    cast = weight.to(dtype).contiguous()
    return torch.ops.mkldnn._reorder_linear_weight(cast, _ROWS) if packs(dtype) else cast


def product(inputs: Tensor, weight: Tensor, bias: Tensor | None, *, activation: str = NOTHING) -> Tensor:
    """`inputs` [..., in] times `weight` [out, in], plain or as `packed` gave it; in its dtype.

    Args:
        activation: what follows; `GELU` where `fuses`.
    """
    if weight.dtype == torch.float32 and not weight.is_mkldnn and activation == NOTHING:
        return linear(inputs, weight, bias)
    rows = inputs.shape[:-1].numel()
    flat = inputs.reshape(rows, -1)
    if rows <= _PORTION:
        found = _portion(flat, weight, bias, activation)
    else:
        found = torch.empty(rows, weight.shape[0], dtype=weight.dtype)
        for start in range(0, rows, _PORTION):
            found[start : start + _PORTION] = _portion(flat[start : start + _PORTION], weight, bias, activation)
    return found.view(*inputs.shape[:-1], -1)


def _portion(inputs: Tensor, weight: Tensor, bias: Tensor | None, activation: str) -> Tensor:
    rows = len(inputs)
    filled = torch.empty(_padded(rows), inputs.shape[1], dtype=weight.dtype)
    filled[:rows].copy_(inputs)
    filled[rows:].zero_()
    if weight.is_mkldnn or activation != NOTHING:
        found: Tensor = torch.ops.mkldnn._linear_pointwise(filled, weight, bias, activation, [], NOTHING)
    else:
        found = linear(filled, weight, bias)
    return found[:rows]


def _padded(rows: int) -> int:
    multiple = max(_ROWS, (1 << rows.bit_length() - 1) // _PARTS)
    return -(-rows // multiple) * multiple


@cache
def packs(dtype: torch.dtype) -> bool:
    """Whether this torch and processor can multiply packed weights, and gain by that."""
    if dtype == torch.float32 and not is_of_amd():
        return False
    return multiplies_packed(dtype)


def fuses(dtype: torch.dtype) -> bool:
    """Whether products and what surrounds them may share passes over memory.

    Not in bf16: another order of rounding there changes vectors beyond the float16 of the store, and features that were begun in
    bf16 go on with the same numbers. Packing changes no bit of them.
    """
    return dtype == torch.float32 and packs(dtype)


def multiplies_packed(dtype: torch.dtype) -> bool:
    """Whether torch has the operators for packed weights, which it does not document, and they compute what they should."""
    weight, inputs = torch.eye(16, dtype=dtype), torch.ones(2, 16, dtype=dtype)
    try:
        kept = torch.ops.mkldnn._reorder_linear_weight(weight, _ROWS)
        return bool(torch.equal(torch.ops.mkldnn._linear_pointwise(inputs, kept, None, "none", [], ""), inputs))
    except (AttributeError, RuntimeError):
        return False
