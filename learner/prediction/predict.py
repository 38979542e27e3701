"""The newest head applied: to the project's own clips through their features, or to new audio files through the same encoder.

The project's clips are normalised by speaker where the run decided so. The speakers of new files are unknown, so these get the
head that was trained without normalisation. In the same way, words stand beside the sound of the project's clips where the run
decided so, and new files have no transcripts. The accuracy that is reported is that of the head used.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sqlalchemy import select

from db.errors import LearnerError
from db.imports.folder import read_folder
from db.models import Clip, ClipState, Run
from db.project import OpenProject
from db.records.runs import latest_run
from learner.dataset.pool import Pool
from learner.dataset.project_pool import pool_signature, read_pool
from learner.dataset.speaker_norm import NONE
from learner.encoders.registry import encoder_of
from learner.engine.spread import Spread, in_this_process
from learner.features.matrix import FeatureMatrix, open_features
from learner.heads.store import StoredHead, load_head, newest_head, run_of
from learner.prediction import adopted
from learner.prediction.adopted import adopted_classifier
from learner.prediction.models.reading import SavedModel
from learner.prediction.new_audio import Files, predict_files
from learner.prediction.predictions import (
    NO_TRANSCRIPTS,
    UNKNOWN_SPEAKERS,
    LabelledHead,
    Prediction,
    PredictReport,
    UsedHead,
    write_csv,
)
from learner.progress import Progress

BATCH = 1024
"""Clips of the project predicted at a time."""


def predict_project(
    project: OpenProject, *, report: PredictReport | None = None, progress: Progress | None = None
) -> Iterator[Prediction]:
    """Predictions for every clip in service, by id; clips without features are noted in `report`.

    Raises:
        LearnerError: there is no head yet, or it was trained on other features.
    """
    stored, features, run = current_head(project)
    report = PredictReport() if report is None else report
    report.head = used_head(project, run, stored, for_unknown_speakers=False)
    head = LabelledHead(stored.head, stored.label_ids, stored.label_names)
    pool = None if stored.head.normalisation == NONE and not stored.head.words else _pool(project, stored)
    with project.read() as session:
        clips = session.execute(
            select(Clip.id, Clip.file_name, Clip.start, Clip.end).where(Clip.state == ClipState.READY).order_by(Clip.id)
        ).all()
    has = features.has([clip[0] for clip in clips])
    for first in range(0, len(clips), BATCH):
        batch, there = clips[first : first + BATCH], has[first : first + BATCH]
        for clip in (clip for clip, embedded in zip(batch, there, strict=True) if not embedded):
            report.leave_out(clip[1], "It has no features yet; run `earmark embed`.")
        known = [clip for clip, embedded in zip(batch, there, strict=True) if embedded]
        vectors = features.rows([clip[0] for clip in known])
        damaged = set(np.flatnonzero(~np.isfinite(vectors).all(axis=1)).tolist())
        for place in sorted(damaged):
            report.leave_out(known[place][1], "Its features are damaged; run `earmark learn --once`, which sets it aside.")
        known = [clip for place, clip in enumerate(known) if place not in damaged]
        vectors = np.delete(vectors, [*damaged], axis=0)
        if pool is not None:
            ids = np.array([clip[0] for clip in known], dtype=np.int64)
            vectors = pool.inputs_of(vectors, ids, stored.head.normalisation, words=stored.head.words)
        yield from head.predictions([(clip, name, start, end) for clip, name, start, end in known], vectors)
        if progress is not None:
            progress(first + len(batch), len(clips))


def predict_new(
    project: OpenProject,
    files: Files,
    *,
    report: PredictReport | None = None,
    progress: Progress | None = None,
    spread: Spread = in_this_process,
) -> Iterator[Prediction]:
    """Predictions for audio files, encoded as the project's clips were; what fails is noted in `report`.

    The head is the one without normalisation by speaker and without words, whatever the project's clips have.

    Args:
        files: as `audio_files` of `learner.prediction.new_audio` finds them.

    Raises:
        LearnerError: there is no head yet, or it was trained on other features.
        EncoderError: the encoder cannot be loaded, or has changed since the project's features were made.
    """
    stored, features, run = current_head(project)
    report = PredictReport() if report is None else report
    report.head = used_head(project, run, stored, for_unknown_speakers=True)
    head = LabelledHead(stored.for_unknown_speakers, stored.label_ids, stored.label_names)
    yield from predict_files(head, encoder_of(features.settings), files, report=report, progress=progress, spread=spread)


def write_predictions(
    project: OpenProject,
    output: Path,
    *,
    folder: Path | None = None,
    progress: Progress | None = None,
    spread: Spread | None = None,
) -> PredictReport:
    """Write predictions as CSV (see `learner.prediction.predictions.write_csv`), for the project's clips or those in `folder`.

    A network that the project has adopted predicts in place of the newest head.

    Args:
        spread: who encodes; none is this process.

    Raises:
        LearnerError, EncoderError: as `predict_new`; or workers are asked for, and there is nothing to encode.
        FormatError: the folder cannot be read or the output cannot be written.
    """
    network = adopted_classifier(project)
    if network is not None:
        return _write_by_network(project, network, output, folder, progress, spread or in_this_process)
    if folder is None and spread is not None:
        raise LearnerError("The project's clips have their features already; leave --on out, or give new audio in --folder.")
    stored, _, _ = current_head(project)

    def predict(report: PredictReport) -> Iterator[Prediction]:
        if folder is None:
            return predict_project(project, report=report, progress=progress)
        files = list(read_folder(folder))
        return predict_new(project, files, report=report, progress=progress, spread=spread or in_this_process)

    return write_csv(output, predict, stored.label_names)


def predict_by_network(
    project: OpenProject,
    network: SavedModel,
    files: Files | None,
    *,
    report: PredictReport,
    progress: Progress | None,
    spread: Spread = in_this_process,
) -> Iterator[Prediction]:
    """As `predict_project`, or `predict_new` for files, by the network that the project has adopted."""
    report.network = adopted.used_network(network)
    if files is None:
        return adopted.predict_clips(project, network, report=report, progress=progress, spread=spread)
    return adopted.predict_new(network, files, report=report, progress=progress, spread=spread)


def _write_by_network(
    project: OpenProject,
    network: SavedModel,
    output: Path,
    folder: Path | None,
    progress: Progress | None,
    spread: Spread,
) -> PredictReport:
    def predict(report: PredictReport) -> Iterator[Prediction]:
        files = None if folder is None else list(read_folder(folder))
        return predict_by_network(project, network, files, report=report, progress=progress, spread=spread)

    return write_csv(output, predict, network.head.label_names)


def current_head(project: OpenProject) -> tuple[StoredHead, FeatureMatrix, int]:
    """The newest head, the features it reads, and its run.

    Raises:
        LearnerError: there is none yet, it is damaged, or it was trained on other features than those in use.
    """
    with project.read() as session:
        run = latest_run(session)
        path = None if run is None else newest_head(project.heads_dir, up_to=run.id)
    if path is None:
        raise LearnerError(
            f"No head has been trained for {project.directory} yet; label some clips, then run `earmark learn --once`."
        )
    stored, features = load_head(path), open_features(project)
    reads = stored.feature_set_id, stored.sound_dim
    if features is None or (features.feature_set_id, features.dim) != reads:
        raise LearnerError("The newest head was trained on other features than those in use; run `earmark learn --once` first.")
    return stored, features, run_of(path)


def used_head(project: OpenProject, run_id: int, stored: StoredHead, *, for_unknown_speakers: bool) -> UsedHead:
    """How good the stored head of a run is: the one for the project's clips, or the one for audio of unknown speakers."""
    with project.read() as session:
        run = session.get_one(Run, run_id)
        scores = (run.ua, run.ua_low, run.ua_high)
        # Folds may choose otherwise than the run, so the score without normalisation differs even where the run's head has none.
        plain = run.report.plain
    normalisation, why, words = stored.head.normalisation, stored.why, stored.head.words
    if for_unknown_speakers and stored.plain is not None:
        normalisation, why, words = NONE, why_plain(stored), False
    if normalisation == NONE and not words and plain is not None:
        scores = (plain.ua, plain.ua_low, plain.ua_high)
    return UsedHead(run_id, normalisation, why, *scores, words=words)


def why_plain(stored: StoredHead) -> str:
    """Why new audio gets another head than the project's clips."""
    reasons = {UNKNOWN_SPEAKERS: stored.head.normalisation != NONE, NO_TRANSCRIPTS: stored.head.words}
    return " ".join(reason for reason, holds in reasons.items() if holds)


def _pool(project: OpenProject, stored: StoredHead) -> Pool:
    """As it is now: speakers are normalised by all of their clips there are."""
    with project.read() as session:
        signature = pool_signature(session, text_encoder=project.settings.text_encoder)
    pool = None if signature is None else read_pool(project, signature)
    if pool is None:
        raise LearnerError("No clip in service has features any more; run `earmark embed` first.")
    if not stored.fits_words(pool.words):
        raise LearnerError("The newest head uses other words than the project has now; run `earmark learn --once` first.")
    return pool
