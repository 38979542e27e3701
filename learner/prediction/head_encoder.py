"""The encoder of an exported head: what the head says of it, and finding it again wherever the head is used.

The head fits the vectors of one encoder only, so its revision (a commit or a hash), layers, pooling and all else that vectors
depend on must be the same. Releases of torch and transformers and the device may differ: vectors then differ in their last
digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from db.errors import EncoderError
from learner.encoders.base import BUNDLED, EGEMAPS, LOGMEL, WHISPER, Encoder
from learner.encoders.precision import PRECISIONS
from learner.encoders.registry import encoder_named
from learner.prediction.portable_head import EncoderReference, HeadDocument

_MAY_DIFFER = frozenset(("encoder", "torch", "transformers", "device"))
_BUILT_IN = (LOGMEL, EGEMAPS, WHISPER)


def encoder_reference(settings: Mapping[str, Any], *, fingerprint: str) -> EncoderReference:
    """What a head says of its encoder, from the settings of its feature set. Of a local folder only its own name is kept."""
    name, origin = str(settings["encoder"]), str(settings.get("origin", "built-in"))
    short = (Path(name).name or name) if origin == "folder" else name
    return EncoderReference.model_validate(
        {
            "name": short,
            "origin": origin,
            "revision": str(settings["revision"]),
            "layers": settings.get("layers"),
            "pooling": settings.get("pooling"),
            "fingerprint": fingerprint,
            "settings": {**settings, "encoder": short},
        }
    )


def encoder_for(facts: HeadDocument, *, given: str | None = None) -> Encoder:
    """The encoder that the head reads; its weights are loaded when it first encodes.

    Args:
        given: the encoder as the user names it: needed for a local folder, and for a hub id that must be downloaded first.

    Raises:
        EncoderError: it must be named, cannot be loaded, or is not the one that the head was trained with.
    """
    wanted = facts.encoder
    precision = wanted.settings.get("precision")
    found = encoder_named(
        _name(wanted) if given is None else given,
        layers=wanted.layers,
        pooling=wanted.pooling,
        revision=wanted.revision if wanted.origin == "hub" and given in (None, wanted.name) else None,
        precision=precision if isinstance(precision, str) and precision in PRECISIONS else None,
    )
    differ = sorted(key for key, value in found.settings.items() if key not in _MAY_DIFFER and value != wanted.settings.get(key))
    if differ or found.dim != facts.dim:
        raise EncoderError(
            f"The head was trained with encoder {wanted.name!r} of revision {wanted.revision[:20]!r}, and {found.name!r} differs "
            f"in {', '.join(differ) or 'the length of its vectors'}; give the same encoder, or export the head of a project that "
            "uses this one."
        )
    return found


def _name(wanted: EncoderReference) -> str:
    """Its name, if it can be had without the user's word."""
    if wanted.origin == "folder":
        raise EncoderError(
            f"The head reads an encoder that is a local folder ({wanted.name!r}, {wanted.revision[:20]!r}); "
            "name that folder as the encoder."
        )
    if wanted.origin == "hub":
        from learner.encoders.checkpoint_files import find_files

        if Path(wanted.name).exists():
            raise EncoderError(f"{wanted.name!r} is a file or folder here, and not the hub's; name the encoder yourself.")
        try:
            find_files(wanted.name, revision=wanted.revision, may_fetch=False)
        except EncoderError as error:
            raise EncoderError(
                f"The head reads the encoder {wanted.name!r} of the hub, which is not in the local cache; "
                f"name it as the encoder, and it is downloaded."
            ) from error
    known = {"built-in": _BUILT_IN, "bundled": (BUNDLED,), "hub": (wanted.name,)}[wanted.origin]
    if wanted.name not in known:
        raise EncoderError(f"The head names an encoder {wanted.name!r} that Earmark does not have; name the encoder yourself.")
    return wanted.name
