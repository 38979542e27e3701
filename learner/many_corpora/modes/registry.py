"""Which trainer a backbone has."""

from __future__ import annotations

from typing import Any

from learner.many_corpora.backbones.base import Backbone
from learner.many_corpora.backbones.encoder import EncoderBackbone
from learner.many_corpora.backbones.resnet import ResNetBackbone
from learner.many_corpora.model_folder import ModelFolder
from learner.many_corpora.modes.of_encoder import EncoderTrainer
from learner.many_corpora.modes.of_resnet import ResNetTrainer
from learner.many_corpora.modes.trainer import Trainer
from learner.many_corpora.settings import TrainSettings


def trainer_of(
    folder: ModelFolder, settings: TrainSettings, backbone: Backbone, document: dict[str, Any], **options: Any
) -> Trainer:
    """The trainer of a model; options as `Trainer` takes them."""
    if isinstance(backbone, ResNetBackbone):
        return ResNetTrainer(folder, settings, backbone, document, **options)
    assert isinstance(backbone, EncoderBackbone)
    return EncoderTrainer(folder, settings, backbone, document, **options)
