"""Encoders by name. Each is imported when it is requested, so that this module loads neither torch nor openSMILE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from db.errors import EncoderError
from learner.encoders.base import EGEMAPS, LOGMEL, Encoder


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
        from learner.encoders.handmade.logmel import LogMelEncoder

        return LogMelEncoder(layers=layers, pooling=pooling)
    if name == EGEMAPS:
        from learner.encoders.handmade.egemaps import EgemapsEncoder

        return EgemapsEncoder(layers=layers, pooling=pooling)
    from learner.encoders.wav2vec2.encoder import wav2vec2_encoder

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
            "make them again with `earmark embed`."
        )
    return encoder
