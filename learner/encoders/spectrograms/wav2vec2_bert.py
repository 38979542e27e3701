"""wav2vec2-BERT (facebook/w2v-bert-2.0), a conformer on log-mel frames, through transformers; clips are encoded unpadded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from learner.arrays import Waveform
from learner.encoders.geometry import Geometry
from learner.encoders.hidden_layers import HiddenLayerEncoder
from learner.encoders.loading import load_model

if TYPE_CHECKING:
    from torch import Tensor

_WINDOW, _HOP = 400, 160
"""Samples of a frame of the spectrogram, and from one to the next."""


class Wav2Vec2BertEncoder(HiddenLayerEncoder):
    """One checkpoint with its layers and pooling; the model is loaded when the first clip comes."""

    # Its convolutions have one channel a group, which oneDNN computes wrong in bf16 (see learner.encoders.wav2vec2.positional).
    has_bf16 = False

    @cached_property
    def _geometry(self) -> Geometry:
        config, asked = self._files.config, self._files.preprocessor
        return Geometry(
            hidden_size=int(config.get("hidden_size", 1024)),
            hidden_layers=int(config.get("num_hidden_layers", 24)) + 1,
            sampling_rate=int(asked.get("sampling_rate", 16_000)),
            stride=_HOP * int(asked.get("stride", 2)),
            window_seconds=30,
            context_seconds=1,
            speed="",
        )

    def _usual_layers(self) -> str:
        """As deep as the default of wav2vec 2.0; not measured here."""
        return str(max(round((self.hidden_layers - 1) * 5 / 12), 1))

    def _inputs(self, samples: Sequence[Waveform]) -> Tensor:
        # Two positions, which the spread of a band needs.
        lacking = max(_WINDOW + (2 * self._geometry.stride - _HOP) - len(samples[0]), 0)
        waveforms = [np.pad(each, (0, lacking)) for each in samples]
        # All are of equal length, so nothing is padded and nothing need be masked.
        found: Tensor = self._extractor(
            waveforms, sampling_rate=self.sampling_rate, pad_to_multiple_of=None, return_attention_mask=False, return_tensors="pt"
        ).input_features
        return found.to(self._device)

    @cached_property
    def _extractor(self) -> Any:
        from transformers import SeamlessM4TFeatureExtractor

        return SeamlessM4TFeatureExtractor.from_dict(dict(self._files.preprocessor))

    def _hidden_states(self, network: Any, inputs: Tensor, *, samples: int) -> Sequence[Tensor]:
        found: Sequence[Tensor] = network(inputs, output_hidden_states=True).hidden_states
        return found

    def _loaded(self) -> Any:
        model = load_model(self._files)
        # Hidden state 0, the input of the first layer, is recorded where that layer runs.
        del model.encoder.layers[max(*self._layers.indices, 1) :]
        # What follows the layers is for tasks.
        model.adapter = model.intermediate_ffn = None
        return model
