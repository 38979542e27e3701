"""Encoders by name. Each is imported when it is requested, so that this module loads neither torch nor openSMILE."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any

from db.errors import EncoderError
from learner.encoders.base import EGEMAPS, LOGMEL, WHISPER, Encoder
from learner.encoders.checkpoint_files import CheckpointFiles, find_files
from learner.encoders.corpora_model.files import is_corpora_model, shared_filters
from learner.encoders.hidden_layers import HiddenLayerEncoder
from learner.encoders.precision import PRECISIONS
from learner.encoders.wav2vec2.checkpoints import ARCHITECTURES as WAV2VEC2_LIKE
from learner.encoders.wav2vec2.checkpoints import Checkpoint


def encoder_named(
    name: str,
    *,
    layers: str | None = None,
    pooling: str | None = None,
    device: str | None = None,
    revision: str | None = None,
    precision: str | None = None,
) -> Encoder:
    """The encoder `name`; its weights are loaded when it first encodes.

    Args:
        name: `bundled`, `whisper`, `logmel`, `egemaps`, a local folder (of a checkpoint, or of a model of `earmark corpora`), or
            a hub id. Only a hub id may use the network.
        layers: such as `5`, `0,3,6`, `mean` or `all`; none takes the encoder's default.
        pooling: `mean` or `mean+std`; none takes the encoder's default.
        device: a torch device; none takes a GPU where there is one.
        revision: commit, branch or tag of a hub id.
        precision: `float32` or `bfloat16`; none takes the faster one (see `learner.encoders.precision`), unless the checkpoint
            sets one.

    Raises:
        EncoderError: there is no such encoder, it cannot be loaded, or it has no such layers or pooling.
    """
    if name == LOGMEL:
        from learner.encoders.handmade.logmel import LogMelEncoder

        return LogMelEncoder(layers=layers, pooling=pooling)
    if name == EGEMAPS:
        from learner.encoders.handmade.egemaps import EgemapsEncoder

        return EgemapsEncoder(layers=layers, pooling=pooling)
    if name == WHISPER:
        from learner.encoders.whisper.packaged import PackagedWhisper, packaged_whisper

        return PackagedWhisper(packaged_whisper(), layers=layers, pooling=pooling, device=device, precision=precision)
    if is_corpora_model(name):
        from learner.encoders.corpora_model.encoder import CorporaModelEncoder

        return CorporaModelEncoder(shared_filters(name), layers=layers, pooling=pooling, device=device)
    found = find_files(name, among=_ARCHITECTURES, revision=revision)
    build = _ARCHITECTURES[found.model_type]
    return build(found, layers=layers, pooling=pooling, device=device, precision=precision)


def _wav2vec2(found: CheckpointFiles, **options: str | None) -> HiddenLayerEncoder:
    from learner.encoders.wav2vec2.encoder import Wav2Vec2Encoder

    return Wav2Vec2Encoder(Checkpoint.of(found), **options)


def _whisper(found: CheckpointFiles, **options: str | None) -> HiddenLayerEncoder:
    from learner.encoders.whisper.encoder import WhisperEncoder

    return WhisperEncoder(found, **options)


def _wav2vec2_bert(found: CheckpointFiles, **options: str | None) -> HiddenLayerEncoder:
    from learner.encoders.spectrograms.wav2vec2_bert import Wav2Vec2BertEncoder

    return Wav2Vec2BertEncoder(found, **options)


def _audio_spectrogram(found: CheckpointFiles, **options: str | None) -> HiddenLayerEncoder:
    from learner.encoders.spectrograms.audio_spectrogram import AudioSpectrogramEncoder

    return AudioSpectrogramEncoder(found, **options)


def _clap(found: CheckpointFiles, **options: str | None) -> HiddenLayerEncoder:
    from learner.encoders.spectrograms.clap import ClapAudioEncoder

    return ClapAudioEncoder(found, **options)


_ARCHITECTURES: dict[str, Callable[..., HiddenLayerEncoder]] = {
    **dict.fromkeys(WAV2VEC2_LIKE, _wav2vec2),
    "whisper": _whisper,
    "wav2vec2-bert": _wav2vec2_bert,
    "audio-spectrogram-transformer": _audio_spectrogram,
    "clap": _clap,
    "clap_audio_model": _clap,
}
"""Builders by the `model_type` of a checkpoint; each imports its architecture, which has a file or room of its own."""


def in_precision(encoder: Encoder, precision: str) -> Encoder:
    """The same encoder, computing in this precision if it can compute in several."""
    return encoder.in_precision(precision) if isinstance(encoder, HiddenLayerEncoder) else encoder


def encoder_as_in(settings: Mapping[str, Any], *, device: str | None = None) -> Encoder:
    """The encoder with the name, layers and pooling that a feature set was made with, from the set's `settings`.

    It may have other weights by now, and then other layers too. If it lacks those that are asked for, it comes with its default.

    Raises:
        EncoderError: it cannot be loaded.
    """
    name, precision = str(settings["encoder"]), settings.get("precision")
    revision = settings["revision"] if settings.get("origin") == "hub" else None
    try:
        return encoder_named(
            name,
            layers=settings.get("layers"),
            pooling=settings.get("pooling"),
            device=device,
            revision=revision,
            # The faster one may be another today, or on this machine.
            precision=precision if precision in PRECISIONS else None,
        )
    except EncoderError:
        usual = encoder_named(name, device=device, revision=revision)
        if usual.revision == settings.get("revision"):
            raise
        return usual


def encoder_of(settings: Mapping[str, Any], *, device: str | None = None) -> Encoder:
    """The encoder that a feature set was made with, from the set's `settings`.

    Raises:
        EncoderError: it cannot be loaded, or would give other vectors now (another revision or release).
    """
    encoder = encoder_as_in(settings, device=device)
    changed = sorted(key for key in encoder.settings if encoder.settings[key] != settings.get(key))
    if changed:
        raise EncoderError(
            f"Encoder {encoder.name!r} has changed since its features were made ({', '.join(changed)}); "
            f"make them again with `{embed_command(encoder.name if 'revision' in changed else None)}`."
        )
    return encoder


def embed_command(encoder: str | None = None) -> str:
    """The command that makes features: those that clips lack, or all of them by a named encoder."""
    return shlex.join(["earmark", "embed", *([] if encoder is None else ["--encoder", encoder])])
