"""What is compared: encoders with their layers, poolings and per-speaker normalisation, and the features of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from learner.arrays import Float16Array, Float32Array, Int64Array
from learner.encoders.base import Encoder
from learner.encoders.pooling import POOLINGS, parse_layers
from learner.encoders.registry import encoder_named
from learner.features.store import fingerprint_of

_FLAT = 1e-6


@dataclass(frozen=True)
class Candidate:
    """One way to make features; no layers or no pooling means that the encoder has none to choose from."""

    encoder: str
    layers: str | None
    pooling: str | None
    speaker_norm: bool


class ProbedEncoder:
    """An encoder with the settings that give, in one pass, everything that its candidates are made from."""

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

    def features(self, encoded: Float16Array, candidate: Candidate, group_of: Int64Array) -> Float32Array:
        """The features [n, d] of a candidate from the vectors [n, dim] of this encoder; groups are those of speakers."""
        found = encoded
        if self._pooled:
            # Statistic, layer (the average last), value.
            parts = encoded.reshape(len(encoded), 2, self._hidden + 1, -1)
            parts = parts[:, : 1 if candidate.pooling == "mean" else 2, self._chosen(candidate.layers)]
            found = parts.reshape(len(encoded), -1)
        vectors = found.astype(np.float32)
        return normalised(vectors, group_of) if candidate.speaker_norm else vectors

    def _chosen(self, layers: str | None) -> list[int]:
        if layers is None:
            return [0]
        parsed = parse_layers(layers, count=self._hidden)
        return [self._hidden] if parsed.averaged else list(parsed.indices)


def normalised(vectors: Float32Array, group_of: Int64Array) -> Float32Array:
    """The vectors with zero mean and unit spread over the clips of each group; no label enters.

    A clip that is a group of its own takes the statistics of all clips.
    """
    found = np.empty_like(vectors)
    counts = np.bincount(group_of)
    single = counts[group_of] == 1
    for group in np.flatnonzero(counts > 1):
        members = group_of == group
        mean, spread = _statistics(vectors[members])
        found[members] = (vectors[members] - mean) / spread
    if single.any():
        mean, spread = _statistics(vectors)
        found[single] = (vectors[single] - mean) / spread
    return found


def _statistics(vectors: Float32Array) -> tuple[Float32Array, Float32Array]:
    mean, spread = vectors.mean(axis=0, dtype=np.float64), vectors.std(axis=0, dtype=np.float64)
    return mean.astype(np.float32), np.where(spread < _FLAT, 1.0, spread).astype(np.float32)
