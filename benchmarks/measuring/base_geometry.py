"""Checkpoints of the size of wav2vec2-base and of Whisper tiny, with random weights: none can be downloaded in a benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def base_checkpoint(folder: Path) -> Path:
    """Make the checkpoint in `folder`; returns the folder."""
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    torch.manual_seed(0)
    Wav2Vec2Model(Wav2Vec2Config()).save_pretrained(folder)
    extractor: Any = Wav2Vec2FeatureExtractor
    extractor(do_normalize=True).save_pretrained(folder)
    return folder


def whisper_checkpoint(folder: Path) -> Path:
    """Make a checkpoint with the encoder of Whisper tiny in `folder`; returns the folder."""
    import torch
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel

    torch.manual_seed(0)
    of_encoder: dict[str, Any] = {"d_model": 384, "encoder_layers": 4, "encoder_attention_heads": 6, "encoder_ffn_dim": 1536}
    tokens: dict[str, Any] = dict.fromkeys(("pad_token_id", "bos_token_id", "eos_token_id", "decoder_start_token_id"), 1)
    config = WhisperConfig(**of_encoder, **tokens, decoder_layers=1, decoder_attention_heads=6, vocab_size=8)
    WhisperModel(config).save_pretrained(folder)
    extractor: Any = WhisperFeatureExtractor
    extractor().save_pretrained(folder)
    return folder
