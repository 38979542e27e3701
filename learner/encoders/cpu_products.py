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
from torch.nn.functional import linear

from learner.encoders.runtime import is_of_amd

_ROWS = 32
"""The rows of products are padded to a multiple of this ..."""
_PARTS = 16
"""... or of the power of two that is at most this part of the rows: so at most this part is computed for nothing."""


class PackedLinear(nn.Module):
    """A linear layer with its weight packed."""

    def __init__(self, weight: Tensor, bias: Tensor | None, dtype: torch.dtype) -> None:
        super().__init__()
        self.packed = nn.Parameter(packed(weight.detach(), dtype), requires_grad=False)
        self.bias = None if bias is None else nn.Parameter(bias.detach().to(dtype), requires_grad=False)
        self._weight: Tensor | None = None

    @property
    def weight(self) -> Tensor:
        """[out, in], for networks that read it themselves; unpacked once, since it takes as much memory again."""
        if self._weight is None:
            self._weight = self.packed.to_dense() if self.packed.is_mkldnn else self.packed
        return self._weight

    def forward(self, inputs: Tensor) -> Tensor:
        """[..., out] of [..., in]."""
        return product(inputs, self.packed, self.bias)


def use_fast_products(network: nn.Module, *, dtype: torch.dtype) -> None:
    """Let every linear layer of a network keep its weight in `dtype` (in bf16: for autocast), packed. Changes it in place."""
    if dtype == torch.float32 and not _packs(dtype):
        return
    for module in list(network.modules()):
        for name, part in module.named_children():
            if type(part) in (nn.Linear, PackedLinear):
                known: Any = part
                setattr(module, name, PackedLinear(known.weight, known.bias, dtype))


def packed(weight: Tensor, dtype: torch.dtype) -> Tensor:
    """The weight [out, in] of a product in `dtype`, packed where that is faster."""
    cast = weight.to(dtype).contiguous()
    return torch.ops.mkldnn._reorder_linear_weight(cast, _ROWS) if _packs(dtype) else cast


def product(inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """`inputs` [..., in] times what `packed` gave for [out, in]."""
    if weight.dtype != torch.bfloat16 and not weight.is_mkldnn:
        return linear(inputs, weight, bias)
    shape = inputs.shape[:-1]
    rows = shape.numel()
    filled = torch.empty(_padded(rows), inputs.shape[-1], dtype=weight.dtype)
    filled[:rows].view(inputs.shape).copy_(inputs)
    filled[rows:].zero_()
    if weight.is_mkldnn:
        found: Tensor = torch.ops.mkldnn._linear_pointwise(filled, weight, bias, "none", [], "")
    else:
        found = linear(filled, weight, bias)
    return found[:rows].view(*shape, -1)


def _padded(rows: int) -> int:
    multiple = max(_ROWS, (1 << rows.bit_length() - 1) // _PARTS)
    return -(-rows // multiple) * multiple


@cache
def _packs(dtype: torch.dtype) -> bool:
    """Whether this torch and processor can multiply packed weights, and gain by that."""
    if dtype == torch.float32 and not is_of_amd():
        return False
    return multiplies_packed(dtype)


def multiplies_packed(dtype: torch.dtype) -> bool:
    """Whether torch has the operators for packed weights, which it does not document, and they compute what they should."""
    weight, inputs = torch.eye(16, dtype=dtype), torch.ones(2, 16, dtype=dtype)
    try:
        kept = torch.ops.mkldnn._reorder_linear_weight(weight, _ROWS)
        return bool(torch.equal(torch.ops.mkldnn._linear_pointwise(inputs, kept, None, "none", [], ""), inputs))
    except (AttributeError, RuntimeError):
        return False
