"""Can the text encoder of the settings be used, and do all transcripts have a vector? Nothing is loaded or downloaded."""

from __future__ import annotations

import os
from collections.abc import Iterator

from db.errors import EncoderError
from db.project import OpenProject
from db.records.features import embedded_count, with_transcript, words_set
from learner.doctor.finding import Finding, of_error
from learner.text_encoders.base import MINILM


def examine_words(project: OpenProject) -> Iterator[Finding]:
    """Nothing where the project uses no words."""
    name = project.settings.text_encoder
    if name is None:
        return
    if name == MINILM or os.path.isdir(os.path.expanduser(name)):
        from learner.text_encoders.registry import text_encoder_named

        try:
            text_encoder_named(name)
        except EncoderError as error:
            yield of_error("features", "other-text-encoder", error)
    with project.read() as session:
        stored, texts = words_set(session, name), with_transcript(session)
        encoded = 0 if stored is None else embedded_count(session, stored.id)
    if encoded < texts:
        yield Finding(
            subject="features",
            kind="words-not-encoded",
            what=f"{texts - encoded} of {texts} transcripts have no vector yet, so the words of these clips are not used.",
            remedy="Run `earmark embed`.",
            is_problem=False,
            count=texts - encoded,
        )
