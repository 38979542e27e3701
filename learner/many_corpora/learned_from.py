"""Which audio files the shared filters know the labels of, so that nobody scores them on those: SHA-256 of each, no names."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path

from db.errors import AudioError, EncoderError
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


def note_shared_clips(corpora: Sequence[ReadCorpus]) -> None:
    """Remark on held-out clips that another corpus learns from, where corpora train filters together."""
    learners: dict[str, set[str]] = {}
    for corpus in corpora:
        for key, part in zip(corpus.inputs.keys, corpus.parts.of.tolist(), strict=True):
            if part != TEST:
                learners.setdefault(key, set()).add(corpus.name)
    for corpus in corpora:
        held_out = [corpus.inputs.keys[row] for row in corpus.parts.rows(TEST).tolist()]
        known = sum(bool(learners.get(key, set()) - {corpus.name}) for key in held_out)
        if known:
            corpus.remarks.append(
                f"{corpus.name}: other corpora learn from {known} of the {len(held_out)} held-out clips, so its scores are too "
                "high."
            )


def note_known_clips(corpus: ReadCorpus, files: Collection[str]) -> None:
    """Remark on held-out clips of a corpus that comes later, in files with these hashes, which the shared filters know.

    Raises:
        EncoderError: a file has gone since it was read.
    """
    held_out = [corpus.inputs.clips[row].path for row in corpus.parts.rows(TEST).tolist()] if files else []
    try:
        known = {path for path in {*held_out} if content_hash(path) in files}
    except AudioError as error:
        raise EncoderError(str(error)) from error
    count = sum(path in known for path in held_out)
    if count:
        corpus.remarks.append(
            f"{corpus.name}: the shared filters have learned from {count} of the {len(held_out)} held-out clips, so its scores "
            "are too high."
        )
