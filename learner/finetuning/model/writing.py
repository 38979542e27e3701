"""Writes the weights of a fine-tuned network as transformers writes them, and its head where no class of theirs has it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from db.errors import EncoderError
from db.store.files import write_whole
from learner.encoders.loading import load_model
from learner.encoders.wav2vec2.checkpoints import Checkpoint
from learner.encoders.wav2vec2.encoder import Wav2Vec2Encoder
from learner.finetuning.recipe import MEAN, PLAIN
from learner.finetuning.runs import TrainedNetwork
from learner.prediction.models.document import HEAD

PREPROCESSOR = "preprocessor_config.json"


def write_network(
    folder: Path, trained: TrainedNetwork, *, head: str, labels: Sequence[str], known_from: str | None = None
) -> None:
    """Write config.json, model.safetensors and preprocessor_config.json, and earmark_head.safetensors for heads of our own.

    Args:
        head: a head of `learner.finetuning.recipe`.
        known_from: see `db.serving.random_slice.known_from`; for the encoder of a project.

    Raises:
        OSError, SafetensorError: no room.
    """
    model = tuned_backbone(trained)
    if head == PLAIN:
        model = _classifier(model, trained, labels)
    else:
        from safetensors.numpy import save_file

        named_labels(model.config, labels)
        save_file(
            {"coef": np.ascontiguousarray(trained.coef), "intercept": np.ascontiguousarray(trained.intercept)}, folder / HEAD
        )
    model.save_pretrained(folder)
    for path in folder.glob("*.safetensors"):
        # They are written for their owner's eyes only.
        path.chmod(0o644)
    write_whole(folder / PREPROCESSOR, preprocessor_text(trained.checkpoint, head=head, known_from=known_from))


def tuned_backbone(trained: TrainedNetwork) -> Any:
    """The network of transformers with the weights that were trained, convolutions included."""
    model = load_model(trained.checkpoint)
    found = model.load_state_dict(trained.transformer, strict=False)
    lacking = [name for name in found.missing_keys if not name.startswith("feature_extractor.")]
    odd = [name for name in found.unexpected_keys if name != "masked_spec_embed"]
    if lacking or odd:
        raise EncoderError(f"The weights of {trained.checkpoint.name!r} have changed since the training began; train it again.")
    return model


def named_labels(config: Any, labels: Sequence[str]) -> None:
    """Write the names of the labels into a configuration."""
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: number for number, label in enumerate(labels)}


def _classifier(backbone: Any, trained: TrainedNetwork, labels: Sequence[str]) -> Any:
    """The class of transformers for the classification of audio: a projector that changes nothing, mean over time, linear."""
    import torch
    from transformers import AutoModelForAudioClassification

    config = backbone.config
    named_labels(config, labels)
    config.classifier_proj_size, config.use_weighted_layer_sum = config.hidden_size, False
    model: Any = AutoModelForAudioClassification.from_config(config)  # type: ignore[no-untyped-call]
    setattr(model, model.base_model_prefix, backbone)
    with torch.no_grad():
        model.projector.weight.copy_(torch.eye(config.hidden_size))
        model.projector.bias.zero_()
        model.classifier.weight.copy_(torch.from_numpy(trained.coef))
        model.classifier.bias.copy_(torch.from_numpy(trained.intercept))
    return model


def preprocessor_text(checkpoint: Checkpoint, *, head: str, known_from: str | None = None) -> str:
    """What transformers' feature extractor and Earmark's encoders must know: level, sampling rate, and the layers of the head."""
    own = {"earmark_layers": str(checkpoint.transformer_layers), "earmark_pooling": "mean"} if head in (MEAN, PLAIN) else {}
    if not own:
        settings = Wav2Vec2Encoder(checkpoint).settings
        own = {"earmark_layers": settings["layers"], "earmark_pooling": settings["pooling"]}
    usual = {
        "feature_extractor_type": "Wav2Vec2FeatureExtractor",
        "feature_size": 1,
        "sampling_rate": checkpoint.sampling_rate,
        "padding_value": 0.0,
        "do_normalize": True,
    }
    before = {key: value for key, value in checkpoint.preprocessor.items() if key != "earmark_knows_labels_from"}
    known = {} if known_from is None else {"earmark_knows_labels_from": known_from}
    return json.dumps({**usual, **before, **own, **known}, indent=2) + "\n"
