"""Backbones by name, for a training, and as a model has them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from db.errors import EncoderError
from learner.encoders.base import BUILT_IN, BUNDLED
from learner.encoders.wav2vec2.checkpoints import find_checkpoint
from learner.many_corpora.backbones.base import Backbone
from learner.many_corpora.backbones.encoder import EncoderBackbone
from learner.many_corpora.backbones.encoder_facts import EncoderFacts
from learner.many_corpora.backbones.resnet import ResNetBackbone
from learner.many_corpora.recipe import RESNET, EncoderRecipe, Recipe, Values, recipe_of


def backbone_named(name: str, recipe: Values) -> Backbone:
    """A backbone to train with; a hub id may use the network.

    Raises:
        EncoderError: there is none of this name, or the recipe is that of another kind.
    """
    if name == RESNET:
        if not isinstance(recipe, Recipe):
            raise EncoderError(f"Backbone {RESNET} takes no recipe of an encoder.")
        return ResNetBackbone(recipe)
    is_name = Path(name).expanduser().is_dir() or re.match(r"[/.~]|.*/", name)
    if name != BUNDLED and (name in BUILT_IN or not is_name):
        raise EncoderError(
            f"Backbone {name!r} cannot be used; give {RESNET}, {BUNDLED}, a folder with a checkpoint of the wav2vec 2.0 kind, "
            "or a hub id such as facebook/wav2vec2-base."
        )
    if not isinstance(recipe, EncoderRecipe):
        raise EncoderError(f"Backbone {name!r} is an encoder, which takes no recipe of {RESNET}.")
    return EncoderBackbone.of(find_checkpoint(name), recipe)


def backbone_of(document: dict[str, Any]) -> Backbone:
    """The backbone of a model, from its `model.json`; an encoder is looked for when it is needed.

    Raises:
        EncoderError, KeyError, TypeError, ValueError: the document is damaged.
    """
    if document["backbone"] == RESNET:
        return ResNetBackbone(recipe_of(document["recipe"], Recipe))
    recipe, facts = recipe_of(document["recipe"], EncoderRecipe), EncoderFacts.of_json(document["encoder"])
    if facts.name != document["backbone"]:
        raise ValueError
    return EncoderBackbone(facts, recipe)
