"""Whisper's encoder: a checkpoint by hub id or folder, whole or the encoder alone, or the one of the extra `earmark[whisper]`.

Clips are encoded unpadded, with positions cut to their length. The level of the audio is left as it is: it says much, and Whisper
was trained with it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from db.errors import EncoderError
from learner.arrays import Waveform
from learner.encoders.checkpoint_files import CheckpointFiles
from learner.encoders.geometry import Geometry
from learner.encoders.hidden_layers import HiddenLayerEncoder
from learner.encoders.tensor_files import Readers, cannot_be_loaded, lacks, stored_tensors
from learner.encoders.whisper.log_mel import LogMel

if TYPE_CHECKING:
    from torch import Tensor

    from learner.encoders.whisper.network import Shape

_STRIDE = 2
"""Frames of the spectrogram a position: of the second convolution."""
_CONTEXT, _LONGEST_CONTEXT = 1 / 30, 1.0
"""Context on either side of a window: this part of what the positions cover, and at most so many seconds."""
_PREFIXES = ("", "encoder.", "model.encoder.")
"""Before the names of tensors: of an encoder alone, of `WhisperModel`, and of the whole that transcribes."""
_SPEED = ("num_mel_bins", "encoder_attention_heads", "encoder_ffn_dim")
_MEASURES = ("d_model", "encoder_ffn_dim", "encoder_attention_heads", "encoder_layers")


class WhisperEncoder(HiddenLayerEncoder):
    """One checkpoint with its layers and pooling; of its weights only those of the layers that are needed are read."""

    usual_pooling = "mean+std"
    libraries = ("torch",)

    def __init__(self, checkpoint: CheckpointFiles, **options: str | None) -> None:
        _check(checkpoint)
        super().__init__(checkpoint, **options)

    @cached_property
    def _geometry(self) -> Geometry:
        config, front = self._files.config, self._front_end
        stride = _STRIDE * front.hop
        longest = int(config.get("max_source_positions", 1500)) * stride / front.sampling_rate
        context = min(longest * _CONTEXT, _LONGEST_CONTEXT)
        rest = hashlib.sha256(json.dumps([config.get(key) for key in _SPEED]).encode()).hexdigest()[:12]
        return Geometry(
            hidden_size=int(config["d_model"]),
            hidden_layers=int(config["encoder_layers"]) + 1,
            sampling_rate=front.sampling_rate,
            stride=stride,
            window_seconds=longest - 2 * context,
            context_seconds=context,
            least_seconds=context,
            centre=0.0,
            speed=f"whisper of {config['d_model']}, {rest}",
        )

    @cached_property
    def _front_end(self) -> LogMel:
        asked, usual = self._files.preprocessor, LogMel()
        return LogMel(
            bands=int(self._files.config.get("num_mel_bins", usual.bands)),
            window=int(asked.get("n_fft", usual.window)),
            hop=int(asked.get("hop_length", usual.hop)),
            sampling_rate=int(asked.get("sampling_rate", usual.sampling_rate)),
        )

    def _usual_layers(self) -> str:
        """The two in the middle, see docs/encoders.md."""
        middle = max(int(self._files.config["encoder_layers"]) // 2, 1)
        return f"{middle},{middle + 1}" if middle < self.hidden_layers - 1 else str(middle)

    def _inputs(self, samples: Sequence[Waveform]) -> Tensor:
        import torch

        lacking = max(self._front_end.window - len(samples[0]), 0)
        waveforms = torch.from_numpy(np.stack([np.pad(each, (0, lacking)) if lacking else each for each in samples]))
        return self._front_end(waveforms.to(self._device), self._filters)

    @cached_property
    def _filters(self) -> Tensor:
        import torch

        return torch.from_numpy(self._front_end.filters()).to(self._device)

    def _hidden_states(self, network: Any, inputs: Tensor, *, samples: int) -> Sequence[Tensor]:
        found: Sequence[Tensor] = network(inputs)
        return found

    def _tensors(self) -> AbstractContextManager[Readers]:
        """How to read each tensor, by the names of transformers, while the files are open."""
        return stored_tensors(self._files)

    def _loaded(self) -> Any:
        from learner.encoders.whisper.network import network_of, tensor_names

        shape, highest = self._shape(), max(self._layers.indices)
        names = tensor_names(shape, highest=highest)
        try:
            with self._tensors() as readers:
                prefix = next((each for each in _PREFIXES if f"{each}{names[0]}" in readers), "")
                missing = sorted(name for name in names if prefix + name not in readers)
                found = {name: readers[prefix + name]().float() for name in names if name not in missing}
            network = None if missing else network_of(found, shape, highest=highest)
        except EncoderError:
            raise
        except Exception as error:
            raise cannot_be_loaded(self._files, error) from error
        if network is None:
            raise lacks(self._files, missing)
        return network

    def _shape(self) -> Shape:
        from learner.encoders.whisper.network import ACTIVATIONS, Shape

        config = self._files.config
        activation = str(config.get("activation_function", "gelu"))
        if activation not in ACTIVATIONS:
            raise EncoderError(
                f"Encoder {self.name!r} sets the activation {activation!r}; choose a checkpoint with one of "
                f"{', '.join(ACTIVATIONS)}."
            )
        return Shape(
            bands=self._front_end.bands,
            width=int(config["d_model"]),
            inner=int(config["encoder_ffn_dim"]),
            heads=int(config["encoder_attention_heads"]),
            layers=int(config["encoder_layers"]),
            positions=int(config.get("max_source_positions", 1500)),
            activation=activation,
        )


def _check(checkpoint: CheckpointFiles) -> None:
    config = checkpoint.config
    for key in _MEASURES:
        value = config.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise EncoderError(
                f"Encoder {checkpoint.name!r} does not say how large it is ({key} is {value!r}); "
                f"put the config.json of the checkpoint in {checkpoint.folder}."
            )
    if config["d_model"] % config["encoder_attention_heads"]:
        raise EncoderError(
            f"Encoder {checkpoint.name!r} cannot be loaded: {config['encoder_attention_heads']} heads do not share "
            f"{config['d_model']} values evenly; put the config.json of the checkpoint in {checkpoint.folder}."
        )
