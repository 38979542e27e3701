"""Encoders: what turns a waveform into one vector.

`bundled` (a small wav2vec 2.0 network in this package), the hand-made baselines `logmel` and `egemaps` (an optional extra under a
licence of its own), or any wav2vec-2.0-like checkpoint by hub id (`facebook/wav2vec2-base` for real work) or local folder.
Importing this package loads no torch: an encoder does so when it first encodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from db.errors import EncoderError

Waveform = NDArray[np.float32]
Vectors = NDArray[np.float32]

BUNDLED = "bundled"
LOGMEL = "logmel"
EGEMAPS = "egemaps"
RECOMMENDED = "facebook/wav2vec2-base"


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

    def encode(self, waveforms: Sequence[Waveform]) -> Vectors:
        """Vectors of shape [n, dim] for mono waveforms at `sampling_rate`."""

    def encode_stream(self, blocks: Iterable[Waveform]) -> Vectors:
        """The vector [dim] of one long clip that arrives in blocks; the same as `encode` gives for the whole."""


def encoder_named(
    name: str, *, layers: str | None = None, pooling: str | None = None, device: str | None = None, revision: str | None = None
) -> Encoder:
    """The encoder `name`; its weights are loaded when it first encodes.

    Args:
        name: `bundled`, `logmel`, `egemaps`, a local folder, or a hub id. Only a hub id may use the network.
        layers: such as `5`, `0,3,6`, `mean` or `all`; none takes the encoder's default.
        pooling: `mean` or `mean+std`; none takes the encoder's default.
        device: a torch device; none takes a GPU where there is one.
        revision: commit, branch or tag of a hub id.

    Raises:
        EncoderError: there is no such encoder, it cannot be loaded, or it has no such layers or pooling.
    """
    if name == LOGMEL:
        from learner.encoders.logmel import LogMelEncoder

        return LogMelEncoder(layers=layers, pooling=pooling)
    if name == EGEMAPS:
        from learner.encoders.egemaps import EgemapsEncoder

        return EgemapsEncoder(layers=layers, pooling=pooling)
    from learner.encoders.wav2vec2 import wav2vec2_encoder

    return wav2vec2_encoder(name, layers=layers, pooling=pooling, device=device, revision=revision)


def encoder_of(settings: Mapping[str, Any], *, device: str | None = None) -> Encoder:
    """The encoder that a feature set was made with, from the set's `settings`.

    Raises:
        EncoderError: it cannot be loaded, or would give other vectors now (another revision, release or precision).
    """
    name = str(settings["encoder"])
    encoder = encoder_named(
        name,
        layers=settings.get("layers"),
        pooling=settings.get("pooling"),
        device=device,
        revision=settings["revision"] if settings.get("origin") == "hub" else None,
    )
    changed = sorted(key for key in encoder.settings if encoder.settings[key] != settings.get(key))
    if changed:
        raise EncoderError(
            f"Encoder {name!r} has changed since its features were made ({', '.join(changed)}); "
            "make them anew with `earmark embed`."
        )
    return encoder
