"""Products in bf16 as a CPU computes them fastest.

The weights are cast once, and products have few different numbers of rows, because oneDNN compiles a program for each number.
"""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

_ROWS = 32
"""The rows of products are padded to a multiple of this."""


def use_bf16_products(network: Any) -> None:
    """Let every linear layer of a network that runs in autocast keep its weights in bf16. Changes it in place."""
    import torch
    from torch import nn

    for module in network.modules():
        if isinstance(module, nn.Linear):
            module.to(torch.bfloat16)
            replaced: Any = module
            replaced.forward = MethodType(_linear, module)


def product(inputs: Tensor, weight: Tensor, bias: Tensor | None, *, multiple: int = _ROWS) -> Tensor:
    """`inputs` [..., in] times `weight` [out, in]; in bf16 with the rows padded to a multiple of `multiple`."""
    import torch
    from torch.nn.functional import linear

    if weight.dtype != torch.bfloat16:
        return linear(inputs, weight, bias)
    shape = inputs.shape[:-1]
    rows = shape.numel()
    filled = torch.zeros(-(-rows // multiple) * multiple, inputs.shape[-1], dtype=weight.dtype)
    filled[:rows].view(inputs.shape).copy_(inputs)
    return linear(filled, weight, bias)[:rows].view(*shape, -1)


def _linear(self: Any, inputs: Tensor) -> Tensor:
    return product(inputs, self.weight, self.bias)
