"""The transformer on frames of its convolutions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from learner.encoder_training.frames.portions import Portion
from learner.encoder_training.frames.transformer import FrameTransformer
from learner.encoders.loading import load_model
from learner.encoders.precision import FLOAT32
from learner.encoders.wav2vec2.checkpoints import find_checkpoint
from tests.learner.encoders.small_checkpoints import untrained


@pytest.mark.parametrize("architecture", ["Wav2Vec2", "Hubert"])
def test_no_layer_is_dropped_while_it_learns(architecture: str, tmp_path: Path) -> None:
    # As the checkpoints of others: with .9 hardly a layer would be left.
    checkpoint = find_checkpoint(str(untrained(tmp_path, architecture, layerdrop=0.9)))
    transformer = FrameTransformer(load_model(checkpoint), precision=FLOAT32).train()
    hidden, _ = transformer(Portion(np.array([0]), torch.randn(1, 9, 16), torch.tensor([9])))
    assert len(hidden) == 4
