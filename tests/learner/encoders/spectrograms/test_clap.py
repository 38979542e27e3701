"""CLAP's audio tower: its last hidden state is the one that plain transformers gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from db.errors import EncoderError
from learner.encoders.registry import encoder_named
from learner.encoders.windows import Window
from tests.learner.audio_files import noise

TOWER: dict[str, Any] = {
    "depths": [1, 1, 1, 1],
    "num_attention_heads": [1, 1, 2, 2],
    "patch_embeds_hidden_size": 8,
    "hidden_size": 64,
    "projection_dim": 8,
}
TEXTS: dict[str, Any] = {
    "vocab_size": 8,
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 1,
    "intermediate_size": 8,
}
RATE = 48_000
WHOLE = "both towers"


@pytest.fixture(scope="module", params=["audio tower alone", WHOLE])
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small random one; that of both towers fuses parts of long clips."""
    import torch
    import transformers
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    folder = tmp_path_factory.mktemp("clap")
    torch.manual_seed(0)
    if request.param == WHOLE:
        config: Any = transformers.ClapConfig(
            audio_config={**TOWER, "enable_fusion": True}, text_config={**TEXTS, "projection_dim": 8}, projection_dim=8
        )
        transformers.ClapModel(config).save_pretrained(folder)
    else:
        transformers.ClapAudioModel(transformers.ClapAudioConfig(**TOWER)).save_pretrained(folder)
    made: Any = transformers.ClapFeatureExtractor
    made(truncation="fusion" if request.param == WHOLE else "rand_trunc").save_pretrained(folder)
    return folder


def plain_tower(folder: Path) -> Any:
    """As transformers loads it."""
    from transformers import ClapAudioModel, ClapModel

    if json.loads((folder / "config.json").read_text())["model_type"] == "clap":
        both: Any = ClapModel.from_pretrained(folder)
        return both.eval().audio_model
    alone: Any = ClapAudioModel.from_pretrained(folder)
    return alone.eval()


@pytest.mark.parametrize("seconds", [10.0, 2.0])
def test_its_frames_are_those_of_transformers(checkpoint: Path, seconds: float) -> None:
    import torch
    from transformers import ClapFeatureExtractor

    audio = np.tile(noise(1.0), 30)[: int(seconds * RATE)]
    made: Any = ClapFeatureExtractor
    inputs = made.from_pretrained(checkpoint)(audio, sampling_rate=RATE, return_tensors="pt")
    with torch.inference_mode():
        state = plain_tower(checkpoint)(inputs.input_features.float(), torch.zeros(1, 1, dtype=torch.bool))
    frames = state.last_hidden_state[0].mean(dim=1).T.numpy()
    assert frames.shape == (32, 64)
    own = frames[: {10.0: 32, 2.0: 7}[seconds]]

    encoder: Any = encoder_named(str(checkpoint), device="cpu", pooling="mean+std")
    count, means, squares = encoder._statistics([Window(audio, 0, len(audio))])
    assert count == len(own)
    np.testing.assert_allclose(means[0], own.mean(0), atol=1e-5)
    np.testing.assert_allclose(squares[0] / count, own.var(0), atol=1e-5)
    if seconds == 10:
        np.testing.assert_allclose(means[0], state.pooler_output[0].numpy(), atol=1e-5)


def test_clips_of_any_length_have_a_vector_and_only_one_layer(checkpoint: Path) -> None:
    encoder, long = encoder_named(str(checkpoint), device="cpu"), np.tile(noise(1.0), 40)
    vectors = encoder.encode([noise(0.001), np.zeros(RATE, np.float32), long])
    assert vectors.shape == (3, 64)
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(encoder.encode_stream(np.array_split(long, 7)), vectors[2], atol=1e-5)
    assert (encoder.sampling_rate, encoder.settings["layers"]) == (RATE, "0")
    with pytest.raises(EncoderError, match="Layers '1' cannot be used"):
        encoder_named(str(checkpoint), layers="1")
