"""Losses of a corpus: cross-entropy, focal, ordinal; each with weights of classes or without.

Focal: Lin et al. 2017, *Focal loss for dense object detection*. Ordinal: cross-entropy that grows with the distance of the
predicted from the true class, by the order of the label set.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from learner.arrays import Int64Array
from learner.many_corpora.recipe import FOCAL, ORDINAL, Values


def balanced_weights(y: Int64Array, *, classes: int) -> Tensor:
    """The weight of each class, inverse to its number of clips, [classes]; their mean over the clips is 1.

    A class without a clip has weight 0.
    """
    clips = torch.bincount(torch.as_tensor(y), minlength=classes).float()
    present = clips > 0
    return torch.where(present, clips.sum() / (present.sum() * clips.clamp(min=1)), torch.zeros(()))


def loss_of(logits: Tensor, y: Tensor, *, recipe: Values, weights: Tensor | None) -> Tensor:
    """The mean loss of a batch.

    Args:
        logits: [n, classes].
        y: class of each row, [n].
        weights: of the classes, [classes]; none counts each clip alike.
    """
    single = functional.cross_entropy(logits, y, reduction="none")
    if recipe.loss == FOCAL:
        single = single * (1 - torch.exp(-single)) ** recipe.focal_gamma
    elif recipe.loss == ORDINAL:
        distance = (logits.detach().argmax(dim=1) - y).abs().float()
        single = single * (1 + distance / max(logits.shape[1] - 1, 1))
    if weights is not None:
        single = single * weights[y]
    return single.mean()
