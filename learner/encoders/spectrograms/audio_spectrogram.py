"""AST, the Audio Spectrogram Transformer (Gong et al. 2021), through transformers.

Its positions are learned for ten seconds of patches, so a clip is padded to that length as in training; only the patches that
begin in the clip are pooled, averaged over frequency first. The tokens for classes are left out.
"""

from __future__ import annotations

import warnings
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
_TOKENS = 2
"""Before the patches: one for the class, one that learned from a teacher."""
_LONGEST_CONTEXT = 1.0


class AudioSpectrogramEncoder(HiddenLayerEncoder):
    """One checkpoint with its layers and pooling; the model is loaded when the first clip comes."""

    @cached_property
    def _geometry(self) -> Geometry:
        config = self._files.config
        rate = int(self._files.preprocessor.get("sampling_rate", 16_000))
        longest = int(config.get("max_length", 1024)) * _HOP / rate
        context = min(longest / 10, _LONGEST_CONTEXT)
        return Geometry(
            hidden_size=int(config.get("hidden_size", 768)),
            hidden_layers=int(config.get("num_hidden_layers", 12)) + 1,
            sampling_rate=rate,
            stride=_HOP * self._time_stride,
            window_seconds=longest - 2 * context,
            context_seconds=context,
            least_seconds=context,
            speed=f"{self._files.model_type} of {config.get('hidden_size', 768)}, {longest} s",
        )

    @property
    def _time_stride(self) -> int:
        return int(self._files.config.get("time_stride", 10))

    @property
    def _patch(self) -> int:
        return int(self._files.config.get("patch_size", 16))

    def _usual_layers(self) -> str:
        """The middle; not measured here."""
        return str(max((self.hidden_layers - 1) // 2, 1))

    def _inputs(self, samples: Sequence[Waveform]) -> Tensor:
        lacking = max(_WINDOW - len(samples[0]), 0)
        waveforms = [np.pad(each, (0, lacking)) for each in samples]
        found: Tensor = self._extractor(waveforms, sampling_rate=self.sampling_rate, return_tensors="pt").input_values
        return found.to(self._device)

    @cached_property
    def _extractor(self) -> Any:
        from transformers import ASTFeatureExtractor

        config = self._files.config
        sizes: dict[str, Any] = {name: int(config[name]) for name in ("num_mel_bins", "max_length") if name in config}
        with warnings.catch_warnings():
            # The lowest bands are narrower than a bin of the spectrum, as they were in training.
            warnings.filterwarnings("ignore", message="At least one mel filter")
            return ASTFeatureExtractor.from_dict({**sizes, **self._files.preprocessor})

    def _hidden_states(self, network: Any, inputs: Tensor, *, samples: int) -> Sequence[Tensor]:
        frames = 1 + max(samples - _WINDOW, 0) // _HOP
        whole = (inputs.shape[1] - self._patch) // self._time_stride + 1
        own = min(max((frames - self._patch) // self._time_stride + 1, 1), whole)
        hidden: Sequence[Tensor] = network(inputs, output_hidden_states=True).hidden_states
        count, _, width = hidden[0].shape
        return [state[:, _TOKENS:].reshape(count, -1, whole, width)[:, :, :own].mean(dim=1) for state in hidden]

    def _loaded(self) -> Any:
        model = load_model(self._files)
        # Hidden state 0, the input of the first layer, is recorded where that layer runs.
        del model.layers[max(*self._layers.indices, 1) :]
        return model
