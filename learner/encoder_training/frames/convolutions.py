"""The convolutions of a network of the wav2vec 2.0 kind, which stay frozen: a waveform becomes frames."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import torch

from learner.arrays import Float16Array, Waveform
from learner.encoders.loading import load_model
from learner.encoders.wav2vec2.checkpoints import Checkpoint
from learner.encoders.wav2vec2.encoder import gain_of, with_gain


class FrozenConvolutions:
    """Those of a checkpoint; they are loaded when the first waveform comes."""

    def __init__(self, checkpoint: Checkpoint, *, device: str) -> None:
        self._checkpoint, self._device = checkpoint, device

    def load(self) -> None:
        """Load them now.

        Raises:
            EncoderError: the checkpoint cannot be loaded.
        """
        _ = self._convolutions

    def gained(self, samples: Waveform) -> Waveform:
        """The waveform at the level that the encoder expects, no shorter than what one frame covers."""
        lacking = self._checkpoint.receptive_field - len(samples)
        return with_gain(np.pad(samples, (0, lacking)) if lacking > 0 else samples, gain_of(self._checkpoint))

    def frames(self, gained: Waveform) -> Float16Array:
        """Frames [frames, channels] of one waveform, unpadded, since group norm lets padding change them; they may not be finite.

        Raises:
            EncoderError: the checkpoint cannot be loaded.
        """
        with torch.inference_mode():
            found = self._convolutions(torch.from_numpy(gained)[None].to(self._device))[0].T
            frames: Float16Array = found.clamp(-65_000, 65_000).half().cpu().numpy()
        return frames

    @cached_property
    def _convolutions(self) -> Any:
        return load_model(self._checkpoint).feature_extractor.to(self._device)


def frames_per_second(checkpoint: Checkpoint) -> float:
    """How many frames a second of audio has."""
    return checkpoint.sampling_rate / checkpoint.stride
