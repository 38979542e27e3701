"""The network of a classifier as an encoder: what its head reads, pooled over windows that are as long as its training clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from learner.encoders.geometry import Geometry
from learner.encoders.precision import FLOAT32
from learner.encoders.wav2vec2.checkpoints import Checkpoint
from learner.encoders.wav2vec2.encoder import WINDOW_SECONDS, Wav2Vec2Encoder

if TYPE_CHECKING:
    from torch import Tensor


class ClassifierNetwork(Wav2Vec2Encoder):
    """The hidden layers that a head reads, or by default what the network gives in the end; in float32."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        layers: str | None = None,
        pooling: str = "mean",
        relu: bool = False,
        window_seconds: float | None = None,
        device: str | None = None,
    ) -> None:
        """With `relu` the last layer counts behind a ReLU. No window: that of encoders."""
        self._given, self._relu, self._window = layers is None, relu, window_seconds or WINDOW_SECONDS
        super().__init__(
            checkpoint,
            layers=str(checkpoint.transformer_layers) if layers is None else layers,
            pooling=pooling,
            device=device,
            precision=FLOAT32,
        )

    @cached_property
    def _geometry(self) -> Geometry:
        return replace(super()._geometry, window_seconds=self._window)

    def _hidden_states(self, network: Any, inputs: Tensor, *, samples: int) -> Sequence[Tensor]:
        if not self._given:
            return super()._hidden_states(network, inputs, samples=samples)
        # Not the last hidden state, which may lack the norm behind it.
        last = network(inputs).last_hidden_state
        return [last.relu() if self._relu else last] * self.hidden_layers
