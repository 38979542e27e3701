"""wav2vec 2.0 and its relatives through transformers: hidden layers, pooled over time.

Clips are encoded unpadded, since the group norm of wav2vec2-base lets padding change every frame. Nothing is unpickled:
safetensors, or `torch.load(weights_only=True)`, and no code of a checkpoint is ever run.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from db.errors import EncoderError
from learner.arrays import Waveform
from learner.encoders.geometry import Geometry
from learner.encoders.hidden_layers import HiddenLayerEncoder
from learner.encoders.loading import load_model
from learner.encoders.precision import Seconds
from learner.encoders.wav2vec2.checkpoints import Checkpoint, find_checkpoint
from learner.encoders.wav2vec2.timing import seconds_by_precision

if TYPE_CHECKING:
    from torch import Tensor

WINDOW_SECONDS, CONTEXT_SECONDS = 30, 1
"""For long clips: what a window owns, and how much context it has on either side."""
LEVEL, QUIETEST = 0.05, 1e-4
"""Reference and smallest root mean square of the soft gain, full scale being 1."""


def wav2vec2_encoder(
    name: str,
    *,
    layers: str | None = None,
    pooling: str | None = None,
    device: str | None = None,
    revision: str | None = None,
    precision: str | None = None,
) -> Wav2Vec2Encoder:
    """See `learner.encoders.registry.encoder_named`."""
    checkpoint = find_checkpoint(name, revision=revision)
    return Wav2Vec2Encoder(checkpoint, layers=layers, pooling=pooling, device=device, precision=precision)


class Wav2Vec2Encoder(HiddenLayerEncoder):
    """One checkpoint with its layers and pooling; the model is loaded when the first clip comes."""

    def __init__(self, checkpoint: Checkpoint, **options: str | None) -> None:
        self._checkpoint = checkpoint
        super().__init__(checkpoint, **options)
        self._gain = gain_of(checkpoint)

    @cached_property
    def _geometry(self) -> Geometry:
        checkpoint = self._checkpoint
        return Geometry(
            hidden_size=checkpoint.hidden_size,
            hidden_layers=checkpoint.transformer_layers + 1,
            sampling_rate=checkpoint.sampling_rate,
            stride=checkpoint.stride,
            window_seconds=WINDOW_SECONDS,
            context_seconds=CONTEXT_SECONDS,
            speed=checkpoint.geometry,
            centre=(checkpoint.receptive_field - 1) / 2,
        )

    def _usual_layers(self) -> str:
        return default_layers(self._checkpoint)

    def _further_settings(self) -> dict[str, Any]:
        # It changes no vector, but what vectors may be scored on: see `db.serving.random_slice.encoder_knows_from`.
        text = self._checkpoint.preprocessor.get("earmark_knows_labels_from")
        known = {"knows_labels_from": text[:100]} if isinstance(text, str) else {}
        return {"gain": self._gain, **known}

    def _inputs(self, samples: Sequence[Waveform]) -> Tensor:
        import torch

        return torch.from_numpy(np.stack([self._gained(each) for each in samples])).to(self._device)

    def _gained(self, samples: Waveform) -> Waveform:
        lacking = self._checkpoint.receptive_field - len(samples)
        return with_gain(np.pad(samples, (0, lacking)) if lacking > 0 else samples, self._gain)

    def _hidden_states(self, network: Any, inputs: Tensor, *, samples: int) -> Sequence[Tensor]:
        found: Sequence[Tensor] = network(inputs, output_hidden_states=True).hidden_states
        return found

    def _seconds_by_precision(self) -> Seconds:
        return seconds_by_precision(self._loaded(), device=self._device, sampling_rate=self.sampling_rate)

    def _loaded(self) -> Any:
        return load_up_to(self._checkpoint, max(self._layers.indices))

    def _prepared(self, network: Any, precision: str) -> Any:
        if self._device == "cpu":
            from learner.encoders.wav2vec2.cpu_inference import prepare_for_cpu

            prepare_for_cpu(network, precision=precision)
        return network


def load_up_to(checkpoint: Checkpoint, highest: int) -> Any:
    """The network in float32 on the CPU, without the layers above a hidden state.

    Raises:
        EncoderError: it cannot be loaded.
    """
    model = load_model(checkpoint)
    if highest < len(model.encoder.layers):
        # The last hidden state that is left would otherwise be the one behind a final layer norm.
        model.config.tie_last_hidden_states = False
        # Hidden state 0, the input of the first layer, is recorded where that layer runs.
        del model.encoder.layers[max(highest, 1) :]
    return model


def default_layers(checkpoint: Checkpoint) -> str:
    """5 of wav2vec2-base, the best one for emotion; for other depths, 5/12 of it."""
    return str(round(checkpoint.transformer_layers * 5 / 12))


def gain_of(checkpoint: Checkpoint) -> str:
    """`normalize` as the feature extractor of transformers does, `soft` or `none`."""
    usual = "normalize" if checkpoint.preprocessor.get("do_normalize", True) else "none"
    gain = str(checkpoint.preprocessor.get("earmark_gain") or usual)
    if gain not in {"normalize", "soft", "none"}:
        raise EncoderError(
            f"Encoder {checkpoint.name!r} sets the gain {gain!r}; write normalize, soft or none in its preprocessor_config.json."
        )
    return gain


def with_gain(waveform: Waveform, gain: str) -> Waveform:
    """The waveform at the level the encoder expects.

    `normalize`: zero mean and unit variance; `soft`: half of the level differences (in dB) between clips stay; `none`: as it is.
    """
    if gain == "normalize":
        # In float64: float32 would lose digits in the sum of 30 s of squares, which the published checkpoints were trained with.
        mean, variance = waveform.mean(dtype=np.float64), waveform.var(dtype=np.float64)
        return ((waveform - np.float32(mean)) / np.float32(np.sqrt(variance + 1e-7))).astype(np.float32)
    if gain == "soft":
        level = float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))
        return (waveform * np.float32(soft_gain_factor(level))).astype(np.float32)
    return waveform


def soft_gain_factor(level: Any) -> Any:
    """What to multiply by at a root mean square of `level` (a number or tensor)."""
    louder = level.clamp(min=QUIETEST) if hasattr(level, "clamp") else max(level, QUIETEST)
    return (LEVEL / louder) ** 0.5
