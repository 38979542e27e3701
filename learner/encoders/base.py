"""What every encoder offers, and the names of those that are built in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from learner.arrays import Float32Array, Waveform

BUNDLED = "bundled"
LOGMEL = "logmel"
EGEMAPS = "egemaps"
WHISPER = "whisper"
"""The encoder of Whisper tiny.en, from an extra."""
BUILT_IN = (BUNDLED, LOGMEL, EGEMAPS, WHISPER)
"""All names that are neither a folder nor a hub id."""


class Encoder(Protocol):
    """One encoder with its layers and pooling settled; the same settings give the same vectors."""

    @property
    def name(self) -> str:
        """What `encoder_named` takes: a built-in name, a hub id or an absolute folder."""

    @property
    def revision(self) -> str:
        """Commit of the hub, or a hash of the weights."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def sampling_rate(self) -> int:
        """Hz of the waveforms it takes."""

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that vectors depend on (JSON values); a feature set never mixes two of these."""

    @property
    def remark(self) -> str | None:
        """What somebody who is about to use it should know, as a sentence."""

    def encode(self, waveforms: Sequence[Waveform]) -> Float32Array:
        """Vectors of shape [n, dim] for mono waveforms at `sampling_rate`; that of a clip it cannot encode is not finite."""

    def encode_stream(self, blocks: Iterable[Waveform]) -> Float32Array:
        """The vector [dim] of one long clip that arrives in blocks; the same as `encode` gives for the whole."""
