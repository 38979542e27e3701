"""Losses by hand, and weights of classes that are really used."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from learner.many_corpora.recipe import CROSS_ENTROPY, FOCAL, ORDINAL
from learner.many_corpora.training.losses import balanced_weights, loss_of
from tests.learner.many_corpora.tiny_corpora import TINY

LOGITS = torch.tensor([[2.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
TRUE = torch.tensor([0, 0])


def of(kind: str, weights: torch.Tensor | None = None, logits: torch.Tensor = LOGITS) -> torch.Tensor:
    return loss_of(logits, TRUE, recipe=replace(TINY, loss=kind), weights=weights)


def test_each_loss_is_its_formula() -> None:
    right, wrong = math.exp(2) / (math.exp(2) + 2), 1 / (2 + math.e)
    single = (-math.log(right), -math.log(wrong))
    assert of(CROSS_ENTROPY).item() == pytest.approx(sum(single) / 2)
    assert of(FOCAL).item() == pytest.approx(((1 - right) ** 2 * single[0] + (1 - wrong) ** 2 * single[1]) / 2)
    # The second clip is predicted as the last of three classes, the farthest from its own.
    assert of(ORDINAL).item() == pytest.approx((single[0] + 2 * single[1]) / 2)


def test_balanced_weights_are_inverse_to_the_clips() -> None:
    weights = balanced_weights(np.array([0] * 48 + [1]), classes=3)
    assert weights.tolist() == pytest.approx([49 / (2 * 48), 49 / 2, 0])


@pytest.mark.parametrize("kind", [CROSS_ENTROPY, FOCAL, ORDINAL])
def test_balanced_weights_change_the_gradient(kind: str) -> None:
    def gradient(weights: torch.Tensor | None) -> torch.Tensor:
        logits = LOGITS.clone().requires_grad_()
        of(kind, weights, logits).backward()  # type: ignore[no-untyped-call]
        assert logits.grad is not None
        return logits.grad

    assert torch.allclose(gradient(torch.tensor([3.0, 1.0, 1.0])), 3 * gradient(None))
