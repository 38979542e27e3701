"""Small checkpoints that plain transformers made, and what it computes with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from learner.encoders.base import Encoder
from learner.encoders.registry import encoder_named
from tests.learner.audio_files import RATE

TINY: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "conv_dim": (16,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}
"""wav2vec2-base in small: group norm, no stable layer norm."""


def untrained(folder: Path, architecture: str, **config: Any) -> Path:
    """A small checkpoint of another build, whose norms do something."""
    import torch
    import transformers

    torch.manual_seed(0)
    model = getattr(transformers, f"{architecture}Model")(getattr(transformers, f"{architecture}Config")(**TINY, **config))
    with torch.no_grad():
        for weights in model.encoder.parameters():
            weights.add_(torch.randn_like(weights) * 0.05)
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"do_normalize": True, "sampling_rate": RATE}))
    return folder


def in_float32(folder: Path, **options: str) -> Encoder:
    """The encoder in a folder, at the precision in which results can be compared."""
    settings = folder / "preprocessor_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"earmark_precision": "float32"}))
    return encoder_named(str(folder), device="cpu", **options)


def hidden_states(folder: Path, audio: np.ndarray[Any, np.dtype[np.float32]]) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
    """What plain transformers gives for one clip."""
    import torch
    from transformers import AutoFeatureExtractor, AutoModel

    extractor = AutoFeatureExtractor.from_pretrained(folder)  # type: ignore[no-untyped-call]
    model = AutoModel.from_pretrained(folder).eval()
    values = extractor(audio, sampling_rate=RATE, return_tensors="pt").input_values
    with torch.inference_mode():
        return [state[0].numpy() for state in model(values, output_hidden_states=True).hidden_states]
