"""Which encoder makes a project's features. Those in use are completed by the weights that made them, and by no others: vectors
of two encoders cannot be compared.

After an update of Earmark, or where a folder was overwritten, an encoder has other weights under the same name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from db.errors import OtherWeightsError
from db.project import OpenProject
from db.records.features import FeaturesInUse, features_in_use, newest_feature_set
from learner.encoders.base import Encoder
from learner.encoders.registry import embed_command, encoder_as_in, encoder_named


def project_encoder(
    project: OpenProject, *, encoder: str | None = None, layers: str | None = None, pooling: str | None = None
) -> Encoder:
    """The encoder of the project's settings, or another one, which takes nothing from the settings.

    Where neither names one, it is that of the feature set in use: clips that are added later must not bring the default back.
    Where neither asks for anything else than made that set, it has the weights that made it.

    Raises:
        OtherWeightsError: these weights are gone.
        EncoderError: it cannot be loaded.
    """
    settings = project.settings
    if encoder is None:
        layers, pooling = layers or settings.layers, pooling or settings.pooling
        same = encoder_in_use(project, layers=layers, pooling=pooling)
        if same is not None:
            return same
    if encoder is None and "encoder" not in settings.model_fields_set:
        with project.read() as session:
            used = newest_feature_set(session)
            made_with = {} if used is None else dict(used.settings)
        if "encoder" in made_with:
            return encoder_named(
                str(made_with["encoder"]),
                layers=layers or made_with.get("layers"),
                pooling=pooling or made_with.get("pooling"),
                revision=made_with["revision"] if made_with.get("origin") == "hub" else None,
            )
    if encoder is None or encoder == settings.encoder:
        return encoder_named(settings.encoder, layers=layers or settings.layers, pooling=pooling or settings.pooling)
    return encoder_named(encoder, layers=layers, pooling=pooling)


def encoder_in_use(project: OpenProject, *, layers: str | None, pooling: str | None) -> Encoder | None:
    """The encoder that completes the features in use.

    Its weights may be others now. While no clip has a vector, nothing would be mixed, and it comes with the weights of now.

    Args:
        layers, pooling: what is asked for by the settings or otherwise; None asks for nothing.

    Returns:
        None where there are no features yet, or settings and arguments ask for others.

    Raises:
        OtherWeightsError: the weights are others now.
        EncoderError: it cannot be loaded.
    """
    with project.read() as session:
        used, stored = features_in_use(session), newest_feature_set(session)
        made_with = {} if stored is None else dict(stored.settings)
    settings = project.settings
    chosen = settings.encoder if "encoder" in settings.model_fields_set else str(made_with.get("encoder"))
    if used is None or not _asks_for_the_same(made_with, chosen, layers=layers, pooling=pooling):
        return None
    encoder = encoder_as_in(made_with)
    if encoder.revision == used.revision:
        return encoder
    if used.embedded:
        raise _other_weights(used, encoder.name)
    return encoder_named(encoder.name, layers=layers, pooling=pooling)


def _asks_for_the_same(made_with: Mapping[str, Any], encoder: str, *, layers: str | None, pooling: str | None) -> bool:
    folder = Path(encoder).expanduser()
    if encoder and folder.is_dir():
        encoder = str(folder.resolve())
    asked = {"encoder": encoder, "layers": layers and layers.replace(" ", "").lower(), "pooling": pooling}
    return "encoder" in made_with and all(value is None or value == made_with.get(name) for name, value in asked.items())


def _other_weights(used: FeaturesInUse, name: str) -> OtherWeightsError:
    which = {0: "new clips", 1: "the clip that lacks them"}.get(used.without, f"the {used.without} clips that lack them")
    return OtherWeightsError(
        f"The features in use were made by other weights of encoder {name!r} than there are now, so {which} cannot get any; "
        f"to make those of all {used.clips} clips anew, run `{embed_command(name)}` (the old ones stay in use until it is done).",
        without=used.without,
    )
