"""What continued pre-training sees: crops of the clips of a training fold, and the spans of them that are hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from learner.arrays import Float16Array, Int64Array
from learner.encoder_training.frames.portions import Portion, cropped, micro_seconds, portions
from learner.finetuning.recipe import Pretraining
from learner.finetuning.training.masks import masked_starts


@dataclass(frozen=True)
class MaskedPortion:
    """Crops side by side, on the device."""

    portion: Portion
    masked: torch.Tensor
    """[crops, frames]."""
    starts: list[int]
    """The frame of its clip that each crop begins with."""


@dataclass(frozen=True)
class MaskedCrops:
    """Draws the crops of each step; of the rows it is given, and of no other clip."""

    rows: Int64Array
    frames_of: Callable[[int], Float16Array]
    recipe: Pretraining
    frames_per_second: float
    device: str
    seed: int

    def of_step(self, step: int) -> tuple[list[MaskedPortion], int]:
        """The portions of a batch, and how many frames are masked in all of them."""
        rng = np.random.default_rng([self.seed, 3, step])
        rows = rng.choice(self.rows, min(self.recipe.batch, len(self.rows)), replace=False)
        most = max(int(self.recipe.crop_seconds * self.frames_per_second), 1)
        starts, crops = {}, []
        for row in rows.tolist():
            frames = self.frames_of(row)
            starts[row] = int(rng.integers(0, max(len(frames) - most, 0) + 1))
            crops.append(cropped(frames[starts[row] :], most, None))
        found = list(self._masked(rows.tolist(), crops, starts, rng))
        return found, sum(int(each.masked.sum()) for each in found)

    def _masked(
        self, rows: list[int], crops: list[Float16Array], starts: dict[int, int], rng: np.random.Generator
    ) -> Iterator[MaskedPortion]:
        chance, span = self.recipe.mask
        for portion in portions(rows, crops, most_frames=int(micro_seconds(self.device) * self.frames_per_second)):
            masked = masked_starts(portion.lengths.tolist(), width=portion.frames.shape[1], chance=chance, span=span, rng=rng)
            yield MaskedPortion(
                portion.to(self.device),
                torch.from_numpy(masked).to(self.device),
                [starts[row] for row in portion.rows.tolist()],
            )


def share_of_rate(step: int, recipe: Pretraining) -> float:
    """Share of the learning rate: a linear rise, a flat part, a linear fall (Chen & Rudnicky 2021)."""
    rise = max(min(recipe.warmup, recipe.steps // 4), 1)
    flat = int(recipe.flat * recipe.steps)
    if step < rise:
        return (step + 1) / rise
    if step < rise + flat:
        return 1.0
    return (recipe.steps - step) / max(recipe.steps - rise - flat, 1)
