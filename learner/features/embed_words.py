"""Vectors of the transcripts that have none yet, or have changed since: the second feature set of a project.

It may be stopped at any moment and goes on where it was, as `embed` does. Texts cost little: where the text encoder has other
weights than before, all transcripts are encoded anew, and the old vectors count until the new ones are complete.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from db.errors import EncoderError
from db.project import OpenProject
from db.records.features import OF_WORDS, transcripts, use_words_set, with_transcript, words_set
from db.settings_file import change_settings
from db.store.engine import Turn
from learner.arrays import Float32Array
from learner.features.embed_report import WordsReport
from learner.features.matrix import open_feature_set
from learner.features.precision import as_stored, storable
from learner.features.store import FeatureStore, embed_lock
from learner.features.words import STAMP, WordFeatures, stamp_of
from learner.progress import Progress, unseen
from learner.text_encoders.encoder import TextEncoder
from learner.text_encoders.registry import text_encoder_named

AT_ONCE = 64
"""Texts that are lost with the process at most."""
OFF = "none"
"""In place of a text encoder: words are not used any more."""


@dataclass(frozen=True)
class _Made:
    """What the feature set says of its text encoder, under the name that the settings give it."""

    name: str
    dim: int
    settings: dict[str, Any]


def choose_text_encoder(project: OpenProject, name: str, *, by: str | None = None) -> None:
    """Make `name` the text encoder of the settings; `none` clears it. Nothing is written if it cannot be used.

    Raises:
        EncoderError: there is no such text encoder, or it is not installed.
        SettingsError: the settings file cannot be written, or an environment variable fixes the setting.
    """
    # A folder is kept as an absolute path: the learner may run elsewhere.
    chosen = None if name == OFF else text_encoder_named(name).name
    if chosen != project.settings.text_encoder:
        change_settings(project.directory, {"text_encoder": chosen}, by=by)


def embed_words(
    project: OpenProject,
    *,
    encoder: TextEncoder | None = None,
    progress: Progress = unseen,
    should_stop: Callable[[], bool] = lambda: False,
) -> WordsReport | None:
    """Encode the transcripts of clips in service that have no vector, or another text than when they got it.

    Args:
        encoder: that of the settings, where it is loaded already.
        progress: called with texts done and texts to do, at the start and after each batch.
        should_stop: asked after each batch; True ends the call early with everything stored.

    Returns:
        None where the settings name no text encoder.

    Raises:
        EncoderError: the text encoder cannot be loaded or run.
        FeatureError: another process embeds this project, or the disk is full.
    """
    name = project.settings.text_encoder
    if name is None:
        return None
    started = time.monotonic()
    model = text_encoder_named(name) if encoder is None else encoder
    with project.read() as session:
        any_words = with_transcript(session)
    encoded = 0
    if any_words:
        with embed_lock(project):
            store = FeatureStore(project, _Made(name, model.dim + STAMP, {**model.settings, OF_WORDS: name}))
            due = _due(project, store.feature_set_id)
            encoded = _encode(store, model, due, progress, should_stop)
            if encoded == len(due):
                _use(project, name, store.feature_set_id)
    with_words, without = word_counts(project)
    return WordsReport(name, encoded, with_words, without, time.monotonic() - started)


def _use(project: OpenProject, name: str, feature_set_id: int) -> None:
    with project.read() as session:
        used = words_set(session, name)
        is_used = used is not None and used.id == feature_set_id
    if not is_used:
        with project.write(Turn.LEARNING) as session:
            use_words_set(session, feature_set_id)


def word_counts(project: OpenProject) -> tuple[int, int]:
    """Clips in service with words in their transcript, and without."""
    there = without = 0
    with project.read() as session:
        for _, text in transcripts(session):
            has = text is not None and bool(text.strip())
            there, without = there + has, without + (not has)
    return there, without


def _due(project: OpenProject, feature_set_id: int) -> list[tuple[int, str | None]]:
    """Clips whose text is not the one that was encoded, with the text; those without words first, which cost nothing."""
    known = WordFeatures(open_feature_set(project, feature_set_id))
    stamps = known.stamps()
    place_of = {clip: place for place, clip in enumerate(known.clip_ids.tolist())}
    due: list[tuple[int, str | None]] = []
    with project.read() as session:
        for clip, text in transcripts(session):
            stamp, place = stamp_of(text), place_of.get(clip)
            # One that never had words needs no row.
            if not np.array_equal(stamp, stamps[place]) if place is not None else stamp.any():
                due.append((clip, text if stamp.any() else None))
    return sorted(due, key=lambda each: (len(each[1] or ""), each[0]))


def _encode(
    store: FeatureStore,
    model: TextEncoder,
    due: Sequence[tuple[int, str | None]],
    progress: Progress,
    should_stop: Callable[[], bool],
) -> int:
    progress(0, len(due))
    for start in range(0, len(due), AT_ONCE):
        part = due[start : start + AT_ONCE]
        texts = [text for _, text in part]
        store.append([clip for clip, _ in part], _stamped(model, texts), in_place_of_others=True)
        progress(min(start + AT_ONCE, len(due)), len(due))
        if should_stop():
            return min(start + AT_ONCE, len(due))
    return len(due)


def _stamped(model: TextEncoder, texts: Sequence[str | None]) -> Float32Array:
    """Vectors with their stamps behind them; zeros in place of a vector where there are no words."""
    found = model.encode(texts).vectors if any(texts) else np.zeros((len(texts), model.dim), dtype=np.float32)
    if not storable(found).all():
        raise EncoderError(
            f"Text encoder {model.name!r} gives NaN or infinity for a transcript; fetch its weights again, or use another one."
        )
    return np.concatenate([as_stored(found).astype(np.float32), np.stack([stamp_of(text) for text in texts])], axis=1)
