"""Readouts that begin where ridge regression ends.

A student that was trained before holds much of what its new teacher says; random readouts would hide that, and pull the student
away from it: the losses doubled before they fell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from learner.encoder_training.pretraining.objectives import ClipReadout, ImitationReadout

if TYPE_CHECKING:
    from learner.encoder_training.pretraining.crop_sets import CropSet

CROPS, _AT_ONCE = 1024, 64
_RIDGE = {ClipReadout: 100.0, ImitationReadout: 30.0}
"""Of standardised inputs."""
_EVERY = 4
"""Neighbouring frames say nearly the same: one in so many is enough."""


def start_at_ridge(readouts: nn.ModuleDict, crops: CropSet, *, hidden_of: Callable[[torch.Tensor], Any], device: str) -> None:
    """Set linear readouts of standardised hidden layers to their ridge solutions on some crops.

    Args:
        hidden_of: the student's hidden layers of waveforms [n, samples].
    """
    chosen: dict[str, Any] = {name: each for name, each in readouts.items() if type(each) in _RIDGE}
    found: dict[str, tuple[list[torch.Tensor], list[torch.Tensor]]] = {name: ([], []) for name in chosen}
    with torch.no_grad():
        for start in range(0, min(len(crops), CROPS), _AT_ONCE):
            rows = np.arange(start, min(start + _AT_ONCE, len(crops), CROPS), dtype=np.int64)
            batch = {name: torch.from_numpy(array).to(device) for name, array in crops.batch(rows).items()}
            hidden = hidden_of(batch.pop("waveforms"))
            for name, readout in chosen.items():
                every = _EVERY if isinstance(readout, ImitationReadout) else 1
                found[name][0].append(readout.inputs(hidden)[::every].cpu())
                found[name][1].append(readout.wanted(batch, hidden[0].shape[1])[::every].cpu())
        for name, readout in chosen.items():
            _solve(readout, torch.cat(found[name][0]), torch.cat(found[name][1]), ridge=_RIDGE[type(readout)])


def _solve(readout: Any, inputs: torch.Tensor, wanted: torch.Tensor, *, ridge: float) -> None:
    mean, variance = inputs.mean(dim=0), inputs.var(dim=0)
    readout.norm.running_mean.copy_(mean)
    readout.norm.running_var.copy_(variance)
    standardised = (inputs - mean) / (variance + readout.norm.eps).sqrt()
    products = standardised.T @ standardised + ridge * torch.eye(standardised.shape[1])
    weights = torch.linalg.solve(products, standardised.T @ (wanted - wanted.mean(dim=0)))
    readout.readout.weight.copy_(weights.T)
    readout.readout.bias.copy_(wanted.mean(dim=0))
