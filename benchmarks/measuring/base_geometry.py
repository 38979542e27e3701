"""A checkpoint of the size of wav2vec2-base, with random weights: none can be downloaded in a benchmark."""

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
