"""wav2vec2-BERT and AST: each hidden layer is the one that plain transformers gives, whichever are computed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from learner.arrays import Float32Array, Waveform
from learner.encoders.registry import encoder_named
from tests.learner.audio_files import RATE, noise

pytestmark = pytest.mark.filterwarnings("ignore:At least one mel filter")  # of transformers' own extractor for AST
SMALL: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 48}
KINDS = {
    "Wav2Vec2Bert": ("SeamlessM4TFeatureExtractor", {"feature_projection_input_dim": 160}),
    "AST": ("ASTFeatureExtractor", {"max_length": 1024}),
}


@pytest.fixture(scope="module", params=KINDS)
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small random one, with norms and biases that do something."""
    import torch
    import transformers
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    folder = tmp_path_factory.mktemp(request.param)
    extractor, options = KINDS[request.param]
    torch.manual_seed(0)
    config = getattr(transformers, f"{request.param}Config")(**SMALL, **options)
    model = getattr(transformers, f"{request.param}Model")(config)
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(torch.randn_like(weights) * 0.05)
    model.save_pretrained(folder)
    getattr(transformers, extractor)().save_pretrained(folder)
    return folder


def plain_states(folder: Path, audio: Waveform) -> list[Float32Array]:
    """[frames, width] by layer, by the extractor and model of transformers; of AST the patches, averaged over frequency."""
    import torch
    from transformers import AutoFeatureExtractor, AutoModel

    inputs = AutoFeatureExtractor.from_pretrained(folder)(  # type: ignore[no-untyped-call]
        audio, sampling_rate=RATE, return_tensors="pt"
    )
    model = AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        states = [state[0].numpy() for state in model(**inputs, output_hidden_states=True).hidden_states]
    if model.config.model_type == "audio-spectrogram-transformer":
        # 12 bands of 101 patches, behind two tokens.
        states = [state[2:].reshape(12, 101, -1).mean(axis=0) for state in states]
    return states


def frames_in(folder: Path, audio: Waveform) -> int:
    """How many frames lie in the clip."""
    spectrogram = 1 + (len(audio) - 400) // 160
    if json.loads((folder / "config.json").read_text())["model_type"] == "wav2vec2-bert":
        return spectrogram // 2
    return (spectrogram - 16) // 10 + 1


@pytest.mark.parametrize("samples", [2 * RATE, RATE + 777, RATE // 2])
def test_a_hidden_layer_is_the_one_transformers_gives(checkpoint: Path, samples: int) -> None:
    audio = noise(samples / RATE)[:samples]
    own = frames_in(checkpoint, audio)
    states = plain_states(checkpoint, audio)
    assert len(states) == 4
    for layer, state in enumerate(states):
        encoder = encoder_named(str(checkpoint), device="cpu", layers=str(layer), pooling="mean+std")
        expected = np.concatenate([state[:own].mean(0), state[:own].std(0)])
        # transformers pads an odd number of frames, which the other frames must not notice much.
        np.testing.assert_allclose(encoder.encode([audio])[0], expected, atol=5e-4)


def test_a_long_clip_is_the_same_in_blocks(checkpoint: Path) -> None:
    encoder, audio = encoder_named(str(checkpoint), device="cpu"), noise(33.0)
    np.testing.assert_allclose(encoder.encode_stream(np.array_split(audio, 11)), encoder.encode([audio])[0], atol=1e-4)


def test_short_and_silent_clips_have_a_vector(checkpoint: Path) -> None:
    encoder = encoder_named(str(checkpoint), device="cpu")
    vectors = encoder.encode([noise(0.01), np.zeros(RATE, np.float32), noise(0.5)])
    assert vectors.shape == (3, encoder.dim)
    assert np.isfinite(vectors).all()
    assert encoder.settings["precision"] == "float32"
