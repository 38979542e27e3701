"""Any encoder with hidden layers as a teacher: its hidden states, frame by frame, are what the student learns to predict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from db.errors import EncoderError
from learner.encoders.hidden_layers import HiddenLayerEncoder
from learner.encoders.registry import encoder_named

if TYPE_CHECKING:
    import torch


class EncoderTeacher:
    """Some hidden layers of an encoder, side by side."""

    def __init__(self, name: str, *, layers: str | None, sampling_rate: int) -> None:
        """Find the encoder; its weights are loaded for the first frames.

        Args:
            name: as `encoder_named` takes it.
            layers: the hidden layers; none takes the encoder's default.
            sampling_rate: Hz of the waveforms that it will get.

        Raises:
            EncoderError: it cannot be loaded, has no frames that follow each other in time, or takes another sampling rate.
        """
        encoder = encoder_named(name, layers=layers)
        if not isinstance(encoder, HiddenLayerEncoder) or encoder.frame_spacing is None:
            raise EncoderError(f"Encoder {name!r} has no frames to learn from; choose a teacher such as openai/whisper-tiny.en.")
        if encoder.sampling_rate != sampling_rate:
            raise EncoderError(
                f"Encoder {name!r} takes audio at {encoder.sampling_rate} Hz; choose a teacher that takes {sampling_rate} Hz."
            )
        self._encoder = encoder
        self.spacing = encoder.frame_spacing
        """Centre of the first frame and distance of frames, in samples."""

    def frames(self, waveforms: torch.Tensor) -> torch.Tensor:
        """Hidden states [n, frames, layers x width] of waveforms [n, samples]."""
        import torch

        return torch.from_numpy(np.ascontiguousarray(self._encoder.frames(list(waveforms.numpy()))))
