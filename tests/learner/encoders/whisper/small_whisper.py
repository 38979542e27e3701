"""Small Whisper checkpoints that plain transformers made, and what its encoder computes with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from learner.arrays import Float32Array, Waveform
from tests.learner.audio_files import RATE

SMALL: dict[str, Any] = {
    "num_mel_bins": 80,
    "d_model": 32,
    "encoder_layers": 3,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 48,
    "decoder_layers": 1,
    "decoder_attention_heads": 2,
    "decoder_ffn_dim": 16,
    "vocab_size": 20,
    "max_target_positions": 8,
    **dict.fromkeys(("pad_token_id", "bos_token_id", "eos_token_id", "decoder_start_token_id"), 1),
}


def small_whisper(kind: str = "WhisperModel", **config: Any) -> Any:
    """A model with weights that are no identity anywhere."""
    import torch
    import transformers

    torch.manual_seed(0)
    model = getattr(transformers, kind)(transformers.WhisperConfig(**{**SMALL, **config})).eval()
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(torch.randn_like(weights) * 0.05)
    return model


def saved(model: Any, folder: Path) -> Path:
    """The checkpoint of a model, as transformers writes it."""
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    model.save_pretrained(folder)
    return folder


def spectrogram(audio: Waveform, *, padded: bool, bands: int = 80) -> Float32Array:
    """[bands, frames] of transformers' own front end, padded to 30 s or not at all."""
    from transformers import WhisperFeatureExtractor

    made: Any = WhisperFeatureExtractor
    extractor = made(feature_size=bands)
    padding = "max_length" if padded else "do_not_pad"
    found = extractor(audio, sampling_rate=RATE, padding=padding, return_tensors="np").input_features[0]
    return np.asarray(found, np.float32)


def hidden_states_of_30_s(model: Any, audio: Waveform) -> list[Float32Array]:
    """What plain transformers gives for 30 s; shorter audio is padded."""
    import torch

    with torch.inference_mode():
        found = model.get_encoder()(torch.from_numpy(spectrogram(audio, padded=True))[None], output_hidden_states=True)
    return [state[0].numpy() for state in found.hidden_states]


def hidden_states_unpadded(model: Any, audio: Waveform) -> list[Float32Array]:
    """What transformers' own convolutions, layers and norms give where positions are cut to the length of the clip."""
    import torch
    from torch.nn.functional import gelu

    encoder = model.get_encoder()
    with torch.inference_mode():
        states = gelu(encoder.conv1(torch.from_numpy(spectrogram(audio, padded=False))[None]))
        states = gelu(encoder.conv2(states)).transpose(1, 2)
        states = states + encoder.embed_positions.weight[: states.shape[1]]
        found = [states]
        for layer in encoder.layers:
            states = layer(states, None)
            states = states[0] if isinstance(states, tuple) else states
            found.append(states)
        found[-1] = encoder.layer_norm(found[-1])
    return [state[0].numpy() for state in found]
