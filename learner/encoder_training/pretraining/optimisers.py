"""The optimisers of a training: AdamW for everything, or Muon for the transformer's matrices beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

READOUT_RATE = 0.1
"""Learning rate of the readouts relative to the model's: they sum thousands of inputs that move together."""
_MUON_RATE = 2.0
"""Learning rate of the matrices relative to AdamW's."""


def optimisers(kind: str, model: nn.Module, readouts: nn.Module, *, learning_rate: float) -> list[torch.optim.Optimizer]:
    """One or two optimisers; each group has a `share` of the learning rate that the schedule gives.

    `muon` is Muon (Jordan et al. 2024): the update of a matrix is its momentum made orthogonal. Its step is scaled to that of
    AdamW (Liu et al. 2025, *Muon is scalable for LLM training*).
    """
    matrices = [weights for name, weights in model.named_parameters() if kind == "muon" and _is_matrix(name, weights)]
    known = {id(weights) for weights in matrices}
    others = [weights for weights in model.parameters() if weights.requires_grad and id(weights) not in known]
    adam = torch.optim.AdamW(
        [{"params": others, "share": 1.0}, {"params": list(readouts.parameters()), "share": READOUT_RATE}],
        lr=learning_rate,
        betas=(0.9, 0.98),
        weight_decay=0.01,
    )
    if not matrices:
        return [adam]
    groups: list[dict[str, Any]] = [{"params": matrices, "share": _MUON_RATE}]
    muon = torch.optim.Muon(groups, lr=learning_rate, weight_decay=0.0, momentum=0.95, ns_steps=4, adjust_lr_fn="match_rms_adamw")
    return [muon, adam]


def set_rate(found: Sequence[torch.optim.Optimizer], rate: float) -> None:
    """Give each group its share of this learning rate."""
    for optimiser in found:
        for group in optimiser.param_groups:
            group["lr"] = rate * group["share"]


def _is_matrix(name: str, weights: torch.Tensor) -> bool:
    inner = "encoder.layers." in name or "feature_projection.projection" in name
    return weights.ndim == 2 and inner and weights.requires_grad
