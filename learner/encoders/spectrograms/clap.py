"""The audio tower of CLAP (Wu et al. 2023), which was trained to match sounds with their descriptions, through transformers.

It sees ten seconds: a shorter clip is repeated as in training, and only the frames of its first round are pooled. Its stages have
different widths, so only the output of the last one can be pooled; that is its layer 0.
"""

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

_LONGEST_CONTEXT = 1.0
_LEAST = 480
"""Samples that a clip has at least: it is padded to them before it is repeated."""


class ClapAudioEncoder(HiddenLayerEncoder):
    """One checkpoint with its pooling; the model is loaded when the first clip comes."""

    # Only its float32 was checked against transformers.
    has_bf16 = False

    @cached_property
    def _geometry(self) -> Geometry:
        config, asked = self._tower, self._files.preprocessor
        rate, longest = int(asked.get("sampling_rate", 48_000)), float(asked.get("max_length_s", 10))
        context = min(longest / 10, _LONGEST_CONTEXT)
        halvings = len(config.get("depths", (2, 2, 6, 2))) - 1
        return Geometry(
            hidden_size=int(config.get("patch_embeds_hidden_size", 96)) * 2**halvings,
            hidden_layers=1,
            sampling_rate=rate,
            stride=int(longest * rate) // self._frames(halvings),
            window_seconds=longest - 2 * context,
            context_seconds=context,
            least_seconds=context,
            speed="",
        )

    @property
    def _tower(self) -> dict[str, Any]:
        """The configuration of the audio tower, alone or in that of both."""
        found = self._files.config.get("audio_config")
        return found if isinstance(found, dict) else self._files.config

    def _frames(self, halvings: int) -> int:
        """Frames of the last stage over the longest clip."""
        config = self._tower
        size, bands = int(config.get("spec_size", 256)), int(config.get("num_mel_bins", 64))
        stride = int((config.get("patch_stride") or (4, 4))[0])
        return size * (size // bands) // (stride << halvings)

    def _usual_layers(self) -> str:
        return "0"

    def _inputs(self, samples: Sequence[Waveform]) -> Tensor:
        lacking = max(_LEAST - len(samples[0]), 0)
        waveforms = [np.pad(each, (0, lacking)) for each in samples]
        found: Tensor = self._extractor(waveforms, sampling_rate=self.sampling_rate, return_tensors="pt").input_features
        return found.float().to(self._device)

    @cached_property
    def _extractor(self) -> Any:
        from transformers import ClapFeatureExtractor

        return ClapFeatureExtractor.from_dict(dict(self._files.preprocessor))

    def _hidden_states(self, network: Any, inputs: Tensor, *, samples: int) -> Sequence[Tensor]:
        import torch

        # Whether a clip is longer than ten seconds. The extractor says so of a short one at random, as in training.
        longer = torch.zeros(len(inputs), 1, dtype=torch.bool, device=inputs.device)
        frames: Tensor = network(inputs, is_longer=longer).last_hidden_state.mean(dim=2).transpose(1, 2)
        return [frames[:, : max(-(-samples // self._geometry.stride), 1)]]

    def _loaded(self) -> Any:
        # The tower alone, or beside the one for texts.
        alone = self._files.model_type == "clap_audio_model"
        return load_model(self._files, kind="ClapAudioModel") if alone else load_model(self._files).audio_model
