"""What a training of a model for many corpora is asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from db.errors import EncoderError
from learner.many_corpora.backbones.base import Backbone
from learner.many_corpora.backbones.registry import backbone_named
from learner.many_corpora.model_folder import VERSION, Model
from learner.many_corpora.recipe import ADAPTERS, MODES, RESNET, SMALL, Values, checked


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """What is asked for.

    Args:
        backbone: `resnet`, or an encoder: `bundled`, a folder or a hub id.
        recipe: a `Recipe`, or for an encoder an `EncoderRecipe`.
        order: labels from low to high, for corpora that have exactly these.
    """

    mode: str = ADAPTERS
    backbone: str = RESNET
    recipe: Values = SMALL
    runs: int = 1
    seed: int = 0
    split_seed: int = 0
    order: tuple[str, ...] = ()

    def checked_backbone(self) -> Backbone:
        """The backbone with its recipe.

        Raises:
            EncoderError: it is not known, or a setting has a value that no training can have.
        """
        checked(self.recipe)
        if self.mode not in MODES:
            raise EncoderError(f"Mode {self.mode!r} is not known; choose one of {', '.join(MODES)}.")
        return backbone_named(self.backbone, self.recipe)

    def as_json(self, backbone: Backbone) -> dict[str, Any]:
        """What results depend on, as JSON gives it back; the number of runs is not among it."""
        document = {
            "version": VERSION, "mode": self.mode, **backbone.facts(),
            "seed": self.seed, "split_seed": self.split_seed, "order": list(self.order),
        }  # fmt: skip
        # Lists for tuples.
        found: dict[str, Any] = json.loads(json.dumps(document))
        return found


def settings_of(model: Model) -> TrainSettings:
    """What a model was trained with.

    Raises:
        EncoderError: its file is damaged.
    """
    try:
        if min(int(model.document["seed"]), int(model.document["split_seed"])) < 0:
            raise ValueError
        return TrainSettings(
            mode=model.mode, backbone=model.backbone.name, recipe=model.backbone.recipe, runs=model.runs,
            seed=int(model.document["seed"]), split_seed=int(model.document["split_seed"]),
            order=tuple(map(str, model.document["order"])),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise EncoderError(f"{model.folder.path / 'model.json'} is damaged; train the model again.") from error
