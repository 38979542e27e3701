"""With which network and which values a model for many corpora is trained; all can be set one by one."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, TypeVar

from db.errors import EncoderError
from learner.encoders.pooling import POOLINGS as POOLINGS_OVER_TIME

SCRATCH, FINETUNE, LAST_LAYER, ADAPTERS = MODES = ("scratch", "finetune", "last-layer", "adapters")
RESNET = "resnet"
AVERAGE, ATTENTION = POOLINGS = ("average", "attention")
CROSS_ENTROPY, FOCAL, ORDINAL = LOSSES = ("cross-entropy", "focal", "ordinal")


@dataclass(frozen=True, kw_only=True)
class Values:
    """Values that every training has, as in Gerczuk et al. 2021, and where they give none (batch, crop, a limit of epochs), ours.

    Args:
        rates: learning rates, one after the other.
        epoch_steps: steps of an epoch; a step takes one batch of each corpus.
        patience: epochs without a gain of `least_gain` in validation UAR, after which the next rate begins.
        most_epochs: of one rate.
    """

    loss: str = CROSS_ENTROPY
    focal_gamma: float = 2.0
    balanced: bool = True
    head_dropout: float = 0.2
    rates: tuple[float, ...] = (0.1, 0.01, 0.001)
    epoch_steps: int = 1000
    patience: int = 20
    least_gain: float = 0.005
    most_epochs: int = 1000
    batch: int = 64
    crop_seconds: float = 5.0

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return dataclasses.asdict(self)

    def rightness(self) -> dict[str, bool]:
        """Whether each value is one that a training can have."""
        return {
            "loss": self.loss in LOSSES,
            "rates": _are_rates(self.rates),
            "epoch-steps": self.epoch_steps >= 1,
            "patience": self.patience >= 1,
            "most-epochs": self.most_epochs >= 1,
            "head-dropout": 0 <= self.head_dropout < 1,
            "batch": self.batch >= 2,
            "crop-seconds": 0.1 <= self.crop_seconds <= 60,
        }


@dataclass(frozen=True, kw_only=True)
class Recipe(Values):
    """Values of the residual network.

    Args:
        width: channels behind the first convolution; the three stages have 2, 4 and 8 times as many.
        blocks: residual blocks of a stage.
        dropout: before the first and before the second convolution of a block.
    """

    width: int = 32
    blocks: int = 2
    pooling: str = AVERAGE
    dropout: tuple[float, float] = (0.0, 0.5)
    attention_dropout: float = 0.3
    momentum: float = 0.9
    filter_decay: float = 1e-6

    def rightness(self) -> dict[str, bool]:
        """See `Values`."""
        return super().rightness() | {
            "width": 1 <= self.width <= 128,
            "blocks": 1 <= self.blocks <= 16,
            "pooling": self.pooling in POOLINGS,
            "dropout": len([share for share in self.dropout if 0 <= share < 1]) == 2,
            "attention-dropout": 0 <= self.attention_dropout < 1,
        }


@dataclass(frozen=True, kw_only=True)
class EncoderRecipe(Values):
    """Values of a frozen encoder with adapters; all of them are ours.

    Args:
        rates: of adapters; the transformer, where it is trained, has `transformer_share` of these, the head `head_share`.
        layers, pooling: as encoders take them; none is what the encoder has as features.
        bottleneck: values a frame inside an adapter.
        head_rates, head_most_epochs: of the head on the frozen encoder, which comes first.
        start_scale: what the scores of that head are multiplied by when adapters or transformer begin to learn: it is certain of
            the clips that it was fitted to, and with smaller scores there is a gradient to learn from.
        decay, head_decay: of AdamW, for adapters and transformer, and for the head.
    """

    layers: str = ""
    pooling: str = ""
    bottleneck: int = 64
    adapter_dropout: float = 0.1
    head_dropout: float = 0.2
    head_rates: tuple[float, ...] = (0.001, 0.0001)
    head_most_epochs: int = 50
    rates: tuple[float, ...] = (0.0003, 0.0001)
    transformer_share: float = 0.2
    head_share: float = 0.2
    start_scale: float = 0.5
    decay: float = 0.01
    head_decay: float = 0.1
    epoch_steps: int = 15
    patience: int = 6
    most_epochs: int = 25
    batch: int = 16
    crop_seconds: float = 10.0

    def rightness(self) -> dict[str, bool]:
        """See `Values`."""
        return super().rightness() | {
            "layers": len(self.layers) <= 1000,
            "pooling": not self.pooling or self.pooling in POOLINGS_OVER_TIME,
            "bottleneck": 1 <= self.bottleneck <= 4096,
            "adapter-dropout": 0 <= self.adapter_dropout < 1,
            "head-most-epochs": self.head_most_epochs >= 1,
            "head-rates": _are_rates(self.head_rates),
            "transformer-share": 0 < self.transformer_share <= 1,
            "head-share": 0 < self.head_share <= 1,
            "start-scale": 0 < self.start_scale <= 1,
            "decay": 0 <= self.decay < math.inf and 0 <= self.head_decay < math.inf,
        }


def _are_rates(rates: tuple[float, ...]) -> bool:
    return len(rates) > 0 and all(0 < rate < math.inf for rate in rates)


PAPER = Recipe()
SMALL = Recipe(width=16, blocks=1, dropout=(0.0, 0.2), epoch_steps=15, patience=6, most_epochs=25, batch=16, crop_seconds=2.5)
"""For two cores: a fortieth of the paper's network, short epochs, and less patience."""
ENCODER = EncoderRecipe()
RECIPES = {"small": SMALL, "paper": PAPER}


Kind = TypeVar("Kind", bound=Values)


def recipe_of(document: Any, kind: type[Kind]) -> Kind:
    """A recipe that `as_json` has written.

    Raises:
        EncoderError: it is none of this kind.
    """
    known = kind().as_json()
    if not isinstance(document, dict) or {*document} != {*known}:
        raise EncoderError("The settings of this model are of another release of Earmark, or damaged; train it again.")
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in document.items()}
    for name, value in values.items():
        each = value if isinstance(value, tuple) else ()
        right = isinstance(value, float | int) if isinstance(known[name], float) else isinstance(value, type(known[name]))
        if not right or not all(isinstance(one, float | int) for one in each):
            raise EncoderError(f"The settings of this model are damaged ({name}); train it again.")
    return checked(kind(**values))


def checked(recipe: Kind) -> Kind:
    """The recipe.

    Raises:
        EncoderError: a value that no training can have.
    """
    wrong = [name for name, right in recipe.rightness().items() if not right]
    if wrong:
        raise EncoderError(f"{wrong[0]} has a value that no training can have; see `earmark corpora train --help`.")
    return recipe


def most_steps(recipe: Values, mode: str) -> int:
    """How many steps train what a corpus has of its own, where no rate ends early."""
    epochs = len(recipe.rates) * recipe.most_epochs
    if isinstance(recipe, EncoderRecipe) and mode != SCRATCH:
        of_head = len(recipe.head_rates) * recipe.head_most_epochs
        epochs = of_head if mode == LAST_LAYER else of_head + epochs
    return epochs * recipe.epoch_steps


def decay_of(clips: int) -> float:
    """Weight decay of what a corpus with so many clips has of its own."""
    for most, decay in ((500, 0.005), (1_000, 0.002), (10_000, 0.0005)):
        if clips < most:
            return decay
    return 0.0
