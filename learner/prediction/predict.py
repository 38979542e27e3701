"""The newest head applied: to the project's own clips through their features, or to new audio files through the same encoder.

The project's clips are normalised by speaker where the run decided so. The speakers of new files are unknown, so these get the
head that was trained without normalisation. The accuracy that is reported is that of the head used.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from db.errors import AudioError, LearnerError
from db.imports.folder import read_folder
from db.imports.manifest import BadRow, SourceRow
from db.models import Clip, ClipState, Run
from db.project import OpenProject
from db.records.runs import latest_run
from db.store.files import written_whole
from learner.arrays import Float32Array
from learner.audio.decoding import audio_info, decode, decode_blocks
from learner.dataset.pool import Pool
from learner.dataset.project_pool import pool_signature, read_pool
from learner.dataset.speaker_norm import NONE
from learner.encoders.base import Encoder
from learner.encoders.registry import encoder_of
from learner.features.embed import LONG_SECONDS
from learner.features.matrix import FeatureMatrix, open_features
from learner.features.precision import as_stored
from learner.heads.linear import LinearHead
from learner.heads.store import StoredHead, load_head, newest_head, run_of
from learner.progress import Progress

BATCH = 1024
"""Clips of the project predicted at a time."""


@dataclass(frozen=True)
class Prediction:
    """What the head predicts for a clip; start and end in seconds, probabilities in the order of the label set."""

    file_name: str
    start: float
    end: float
    label: str
    probabilities: list[float]


@dataclass(frozen=True)
class UsedHead:
    """Which head predicts, and how good it is for speakers it did not learn from."""

    run: int
    normalisation: str
    """`speaker` or `none`."""
    why: str
    ua: float | None
    """With its 95% interval; None before the run is evaluated, or without a clip to test on."""
    ua_low: float | None
    ua_high: float | None


@dataclass
class PredictReport:
    """How many clips were predicted, by which head, and what was left out: `{"file_name", "reason"}` each."""

    predicted: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    head: UsedHead | None = None

    def leave_out(self, file_name: str, reason: str) -> None:
        """Note a clip that cannot be predicted."""
        self.failed.append({"file_name": file_name, "reason": reason})


def predict_project(
    project: OpenProject, *, report: PredictReport | None = None, progress: Progress | None = None
) -> Iterator[Prediction]:
    """Predictions for every clip in service, by id; clips without features are noted in `report`.

    Raises:
        LearnerError: there is no head yet, or it was trained on other features.
    """
    stored, features, run = _current_head(project)
    report = PredictReport() if report is None else report
    report.head = _used(project, run, stored, for_unknown_speakers=False)
    pool = None if stored.head.normalisation == NONE else _pool(project)
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
        known, vectors = (
            [clip for place, clip in enumerate(known) if place not in damaged],
            np.delete(vectors, [*damaged], axis=0),
        )
        if pool is not None:
            vectors = pool.inputs_of(vectors, np.array([clip[0] for clip in known], dtype=np.int64), stored.head.normalisation)
        yield from _predictions(stored, stored.head, [(name, start, end) for _, name, start, end in known], vectors)
        if progress is not None:
            progress(first + len(batch), len(clips))


def predict_folder(
    project: OpenProject, folder: Path, *, report: PredictReport | None = None, progress: Progress | None = None
) -> Iterator[Prediction]:
    """Predictions for the audio files below `folder`, encoded as the project's clips were; what fails is noted in `report`.

    The head is the one without normalisation by speaker, whether or not the project's clips have it.

    Raises:
        LearnerError: there is no head yet, or it was trained on other features.
        EncoderError: the encoder cannot be loaded, or has changed since the project's features were made.
        FormatError: the folder cannot be read.
    """
    stored, features, run = _current_head(project)
    report = PredictReport() if report is None else report
    report.head = _used(project, run, stored, for_unknown_speakers=True)
    files = list(read_folder(folder))
    encoder = encoder_of(features.settings)
    for done, file in enumerate(files, start=1):
        if isinstance(file, BadRow):
            report.leave_out(file.file_name, file.reason)
        else:
            try:
                vector, seconds = _encoded(encoder, file)
            except AudioError as error:
                report.leave_out(file.file_name, str(error))
            else:
                yield from _predictions(stored, stored.for_unknown_speakers, [(file.file_name, 0.0, seconds)], vector[np.newaxis])
        if progress is not None:
            progress(done, len(files))


def write_predictions(
    project: OpenProject, output: Path, *, folder: Path | None = None, progress: Progress | None = None
) -> PredictReport:
    """Write predictions as CSV: `file_name, start, end, predicted` and `p_LABEL` for each label; for the project's clips, or for
    `folder`.

    File names are written as they are, so that they can be found again. The file appears whole or not at all.

    Raises:
        LearnerError, EncoderError: as `predict_folder`.
        FormatError: the folder cannot be read or the output cannot be written.
    """
    stored, _, _ = _current_head(project)
    report = PredictReport()
    if folder is None:
        predictions = predict_project(project, report=report, progress=progress)
    else:
        predictions = predict_folder(project, folder, report=report, progress=progress)
    with written_whole(output, example="predictions.csv") as path, path.open("w", encoding="utf-8", newline="") as file:
        report.predicted = _write(file, predictions, stored.label_names)
    return report


def _write(file: Any, predictions: Iterator[Prediction], label_names: Sequence[str]) -> int:
    writer = csv.writer(file)
    writer.writerow(["file_name", "start", "end", "predicted", *(f"p_{name}" for name in label_names)])
    count = 0
    for row in predictions:
        chances = (f"{value:.6f}" for value in row.probabilities)
        writer.writerow([row.file_name, round(row.start, 6), round(row.end, 6), row.label, *chances])
        count += 1
    return count


def _current_head(project: OpenProject) -> tuple[StoredHead, FeatureMatrix, int]:
    """The newest head, the features it reads, and its run."""
    with project.read() as session:
        run = latest_run(session)
        path = None if run is None else newest_head(project.heads_dir, up_to=run.id)
    if path is None:
        raise LearnerError(
            f"No head has been trained for {project.directory} yet; label some clips, then run `earmark learn --once`."
        )
    stored, features = load_head(path), open_features(project)
    reads = stored.feature_set_id, stored.head.n_features_in_
    if features is None or (features.feature_set_id, features.dim) != reads:
        raise LearnerError("The newest head was trained on other features than those in use; run `earmark learn --once` first.")
    return stored, features, run_of(path)


def _used(project: OpenProject, run_id: int, stored: StoredHead, *, for_unknown_speakers: bool) -> UsedHead:
    with project.read() as session:
        run = session.get_one(Run, run_id)
        scores = (run.ua, run.ua_low, run.ua_high)
        # Folds may choose otherwise than the run, so the score without normalisation differs even where the run's head has none.
        plain = run.report.plain
    normalisation, why = stored.head.normalisation, stored.why
    if for_unknown_speakers and stored.plain is not None:
        normalisation, why = NONE, "The speakers of new audio are unknown, so the head without normalisation is used."
    if normalisation == NONE and plain is not None:
        scores = (plain.ua, plain.ua_low, plain.ua_high)
    return UsedHead(run_id, normalisation, why, *scores)


def _pool(project: OpenProject) -> Pool:
    """As it is now: speakers are normalised by all of their clips there are."""
    with project.read() as session:
        signature = pool_signature(session)
    pool = None if signature is None else read_pool(project, signature)
    if pool is None:
        raise LearnerError("No clip in service has features any more; run `earmark embed` first.")
    return pool


def _predictions(
    stored: StoredHead, head: LinearHead, clips: Sequence[tuple[str, float, float]], vectors: Float32Array
) -> Iterator[Prediction]:
    probabilities = head.probabilities(vectors, stored.label_ids)
    for (file_name, start, end), row in zip(clips, probabilities, strict=True):
        yield Prediction(file_name, start, end, stored.label_names[int(row.argmax())], row.tolist())


def _encoded(encoder: Encoder, file: SourceRow) -> tuple[Float32Array, float]:
    seconds = audio_info(file.path).duration
    if seconds > LONG_SECONDS:
        vector = encoder.encode_stream(decode_blocks(file.path, sampling_rate=encoder.sampling_rate))
    else:
        vector = encoder.encode([decode(file.path, sampling_rate=encoder.sampling_rate)])[0]
    if not np.isfinite(vector).all():
        raise AudioError("The encoder gives values for it that are not numbers; check its samples.")
    # What the head learned from went through the precision of the store.
    return as_stored(vector).astype(np.float32), seconds
