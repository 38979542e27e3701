"""With which network and which values a model for many corpora is trained; all can be set one by one."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from db.errors import EncoderError

SCRATCH, FINETUNE, LAST_LAYER, ADAPTERS = MODES = ("scratch", "finetune", "last-layer", "adapters")
RESNET = "resnet"
AVERAGE, ATTENTION = POOLINGS = ("average", "attention")
CROSS_ENTROPY, FOCAL, ORDINAL = LOSSES = ("cross-entropy", "focal", "ordinal")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Values of Gerczuk et al. 2021, and where they give none (batch, crop, a limit of epochs), ours.

    Args:
        width: channels behind the first convolution; the three stages have 2, 4 and 8 times as many.
        blocks: residual blocks of a stage.
        dropout: before the first and before the second convolution of a block.
        epoch_steps: steps of an epoch; a step takes one batch of each corpus.
        patience: epochs without a gain of `least_gain` in validation UAR, after which the next rate begins.
        most_epochs: of one rate.
    """

    width: int = 32
    blocks: int = 2
    pooling: str = AVERAGE
    dropout: tuple[float, float] = (0.0, 0.5)
    attention_dropout: float = 0.3
    head_dropout: float = 0.2
    loss: str = CROSS_ENTROPY
    focal_gamma: float = 2.0
    balanced: bool = True
    rates: tuple[float, ...] = (0.1, 0.01, 0.001)
    momentum: float = 0.9
    filter_decay: float = 1e-6
    epoch_steps: int = 1000
    patience: int = 20
    least_gain: float = 0.005
    most_epochs: int = 1000
    batch: int = 64
    crop_seconds: float = 5.0

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return dataclasses.asdict(self)


PAPER = Recipe()
SMALL = Recipe(width=16, blocks=1, dropout=(0.0, 0.2), epoch_steps=15, patience=6, most_epochs=25, batch=16, crop_seconds=2.5)
"""For two cores: a fortieth of the paper's network, short epochs, and less patience."""
RECIPES = {"small": SMALL, "paper": PAPER}


def recipe_of(document: Any) -> Recipe:
    """A recipe that `as_json` has written.

    Raises:
        EncoderError: it is none.
    """
    known = PAPER.as_json()
    if not isinstance(document, dict) or {*document} != {*known}:
        raise EncoderError("The settings of this model are of another release of Earmark, or damaged; train it again.")
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in document.items()}
    for name, value in values.items():
        each = value if isinstance(value, tuple) else ()
        right = isinstance(value, float | int) if isinstance(known[name], float) else isinstance(value, type(known[name]))
        if not right or not all(isinstance(one, float | int) for one in each):
            raise EncoderError(f"The settings of this model are damaged ({name}); train it again.")
    return checked(Recipe(**values))


def checked(recipe: Recipe) -> Recipe:
    """The recipe.

    Raises:
        EncoderError: a value that no training can have.
    """
    wrong = [
        name
        for name, right in (
            ("width", 1 <= recipe.width <= 128),
            ("blocks", 1 <= recipe.blocks <= 16),
            ("pooling", recipe.pooling in POOLINGS),
            ("loss", recipe.loss in LOSSES),
            ("rates", len(recipe.rates) > 0 and all(0 < rate < math.inf for rate in recipe.rates)),
            ("dropout", len([share for share in recipe.dropout if 0 <= share < 1]) == 2),
            ("epoch-steps", recipe.epoch_steps >= 1),
            ("patience", recipe.patience >= 1),
            ("most-epochs", recipe.most_epochs >= 1),
            ("head-dropout", 0 <= recipe.head_dropout < 1 and 0 <= recipe.attention_dropout < 1),
            ("batch", recipe.batch >= 2),
            ("crop-seconds", 0.1 <= recipe.crop_seconds <= 60),
        )
        if not right
    ]
    if wrong:
        raise EncoderError(f"{wrong[0]} has a value that no training can have; see `earmark corpora train --help`.")
    return recipe


def decay_of(clips: int) -> float:
    """Weight decay of what a corpus with so many clips has of its own."""
    for most, decay in ((500, 0.005), (1_000, 0.002), (10_000, 0.0005)):
        if clips < most:
            return decay
    return 0.0
