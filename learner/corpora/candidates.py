"""What is compared: encoders with their layers, poolings and per-speaker normalisation, and the features of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from learner.arrays import Float16Array, Float32Array
from learner.encoders.base import Encoder
from learner.encoders.pooling import POOLINGS, parse_layers
from learner.encoders.registry import encoder_named
from learner.features.store import fingerprint_of


@dataclass(frozen=True)
class Candidate:
    """One way to make features; no layers or no pooling means that the encoder has none to choose from."""

    encoder: str
    layers: str | None
    pooling: str | None
    speaker_norm: bool


class ProbedEncoder:
    """An encoder with all its layers and poolings, so that one pass over a clip gives what every candidate is made from."""

    def __init__(self, asked: str | Encoder) -> None:
        """Takes a name, or an encoder that is used as it is. Raises EncoderError as `encoder_named` does."""
        self.encoder: Encoder = encoder_named(asked) if isinstance(asked, str) else asked
        self._hidden = int(getattr(self.encoder, "hidden_layers", 0))
        self._default = self.encoder.settings["layers"]
        self._pooled = self.encoder.settings["pooling"] is not None
        if self._hidden:
            self.encoder = encoder_named(self.name, layers="all+mean", pooling="mean+std")
        elif self._pooled:
            self.encoder = encoder_named(self.name, pooling="mean+std")

    @property
    def name(self) -> str:
        """What the encoder is asked for by."""
        return self.encoder.name

    @cached_property
    def fingerprint(self) -> str:
        """Changes with everything that its vectors depend on."""
        return fingerprint_of(self.encoder)

    def candidates(self, *, speakers: bool) -> list[Candidate]:
        """All there are; with `speakers`, each also with per-speaker normalisation."""
        layers: list[str | None] = [None]
        if self._hidden:
            layers = [*map(str, range(self._hidden)), "mean", "all"]
            layers += [] if self._default in layers else [self._default]
        poolings: tuple[str | None, ...] = POOLINGS if self._pooled else (None,)
        norms = (False, True) if speakers else (False,)
        return [Candidate(self.name, layer, pooling, norm) for layer in layers for pooling in poolings for norm in norms]

    def width(self, candidate: Candidate) -> int:
        """How many values a clip has."""
        if not self._pooled:
            return self.encoder.dim
        of_one = self.encoder.dim // (2 * (self._hidden + 1))
        return of_one * len(self._chosen(candidate.layers)) * (1 if candidate.pooling == "mean" else 2)

    def features(self, encoded: Float16Array, candidate: Candidate) -> Float32Array:
        """The features [n, d] of a candidate from the encoder's vectors [n, dim]; not normalised by speaker."""
        found = encoded
        if self._pooled:
            # Statistic, layer (the average last), value.
            parts = encoded.reshape(len(encoded), 2, self._hidden + 1, -1)
            parts = parts[:, : 1 if candidate.pooling == "mean" else 2, self._chosen(candidate.layers)]
            found = parts.reshape(len(encoded), -1)
        return found.astype(np.float32)

    def _chosen(self, layers: str | None) -> list[int]:
        if layers is None:
            return [0]
        parsed = parse_layers(layers, count=self._hidden)
        return [self._hidden] if parsed.averaged else list(parsed.indices)
