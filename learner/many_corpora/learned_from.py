"""Which audio files the shared filters know the labels of, so that nobody scores them on those: SHA-256 of each, no names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from db.errors import AudioError
from db.store.files import write_whole
from learner.audio.decoding import content_hash
from learner.encoders.corpora_model.files import LEARNED_FROM
from learner.many_corpora.corpora.parts import TEST
from learner.many_corpora.corpora.reading import ReadCorpus
from learner.many_corpora.model_folder import unwritable


def write_learned_from(model: Path, corpora: Sequence[ReadCorpus]) -> None:
    """List the files of all clips that are learned from or that choose the best weights; those held out are not among them.

    Raises:
        EncoderError: the list cannot be written, or a file has gone since it was read.
    """
    paths = {
        corpus.inputs.clips[row].path for corpus in corpora for row, part in enumerate(corpus.parts.of.tolist()) if part != TEST
    }
    try:
        known = sorted({content_hash(path) for path in paths})
        write_whole(model / LEARNED_FROM, json.dumps({"version": 1, "files": known}) + "\n")
    except (OSError, AudioError) as error:
        raise unwritable(model, error) from error
