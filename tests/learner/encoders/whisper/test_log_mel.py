"""The spectrogram is the one that transformers gives Whisper."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from transformers import WhisperFeatureExtractor

from learner.encoders.whisper.log_mel import LogMel
from tests.learner.audio_files import RATE, noise
from tests.learner.encoders.whisper.small_whisper import spectrogram


@pytest.mark.parametrize("bands", [80, 128])
def test_the_filters_are_those_of_transformers(bands: int) -> None:
    made: Any = WhisperFeatureExtractor
    theirs = made(feature_size=bands).mel_filters
    np.testing.assert_allclose(LogMel(bands=bands).filters(), theirs, atol=1e-7)


@pytest.mark.parametrize("bands", [80, 128])
@pytest.mark.parametrize("kind", ["noise", "tone", "silence", "half silent"])
def test_the_spectrogram_is_the_one_of_transformers(kind: str, bands: int) -> None:
    time = np.arange(2 * RATE + 123) / RATE
    audio = {
        "noise": noise(2.0),
        "tone": (0.3 * np.sin(2 * np.pi * 440 * time)).astype(np.float32),
        "silence": np.zeros(RATE, np.float32),
        "half silent": np.concatenate([noise(0.7), np.zeros(RATE, np.float32)]),
    }[kind]
    front = LogMel(bands=bands)
    found = front(torch.from_numpy(audio)[None], torch.from_numpy(front.filters()))[0].numpy().T
    theirs = spectrogram(audio, padded=False, bands=bands)
    assert found.shape == theirs.shape == (bands, len(audio) // 160)
    np.testing.assert_allclose(found, theirs, atol=1e-4)
