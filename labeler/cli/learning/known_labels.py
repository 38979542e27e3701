"""A remark on an encoder that has learned from labels of the clips that it is scored on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labeler.cli.output import note

if TYPE_CHECKING:
    from learner.corpora.clips import ProbeClip


def note_known_labels(encoder: str, clips: Sequence[ProbeClip], **options: str | None) -> None:
    """Print it where there is something to remark.

    Args:
        options: layers and pooling, as `learner.encoders.registry.encoder_named` takes them.

    Raises:
        EncoderError: the encoder cannot be used.
    """
    from learner.encoders.registry import encoder_named
    from learner.probing.known_labels import known_in_words

    sentence = known_in_words(encoder_named(encoder, **options), clips, None)
    if sentence is not None:
        note(sentence)
