"""The newest head applied: to the project's own clips through their features, or to new audio files through the same encoder."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from db.errors import AudioError, FormatError, LearnerError
from db.formats.folder import read_folder
from db.formats.manifest import BadRow, SourceRow
from db.models import Clip, ClipState
from db.project import OpenProject
from db.runs import latest_run
from learner.audio import decode, decode_blocks, probe
from learner.encoders import Encoder, encoder_of
from learner.feature_store import FeatureMatrix, open_features
from learner.heads_store import StoredHead, load_head, newest_head

BATCH = 1024
"""Clips of the project predicted at a time."""
LONG_SECONDS = 120.0
"""Longer files are encoded block by block."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Prediction:
    """What the head says of a clip; start and end in seconds, probabilities in the order of the label set."""

    file_name: str
    start: float
    end: float
    label: str
    probabilities: list[float]


@dataclass
class PredictReport:
    """How many clips were predicted, and what was left out: `{"file_name", "reason"}` each."""

    predicted: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)

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
    stored, features = _current_head(project)
    report = PredictReport() if report is None else report
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
        yield from _predictions(stored, [(name, start, end) for _, name, start, end in known], vectors)
        if progress is not None:
            progress(first + len(batch), len(clips))


def predict_folder(
    project: OpenProject, folder: Path, *, report: PredictReport | None = None, progress: Progress | None = None
) -> Iterator[Prediction]:
    """Predictions for the audio files below `folder`, encoded as the project's clips were; what fails is noted in `report`.

    Raises:
        LearnerError: there is no head yet, or it was trained on other features.
        EncoderError: the encoder cannot be loaded, or has changed since the project's features were made.
        FormatError: the folder cannot be read.
    """
    stored, features = _current_head(project)
    report = PredictReport() if report is None else report
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
                yield from _predictions(stored, [(file.file_name, 0.0, seconds)], vector[np.newaxis])
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
    stored, _ = _current_head(project)
    if output.is_dir() or not output.parent.is_dir():
        raise FormatError(f"{output} cannot be written; give the name of a file in a folder that exists.")
    report = PredictReport()
    if folder is None:
        predictions = predict_project(project, report=report, progress=progress)
    else:
        predictions = predict_folder(project, folder, report=report, progress=progress)
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            report.predicted = _write(file, predictions, stored.label_names)
        os.replace(part, output)
    except OSError as error:
        raise FormatError(
            f"{output} cannot be written ({error.strerror}); make room on the disk or choose another place."
        ) from error
    finally:
        part.unlink(missing_ok=True)
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


def _current_head(project: OpenProject) -> tuple[StoredHead, FeatureMatrix]:
    with project.read() as session:
        run = latest_run(session)
        path = None if run is None else newest_head(project.heads_dir, up_to=run.id)
    if path is None:
        raise LearnerError(
            f"No head has been trained for {project.directory} yet; label some clips, then run `earmark learn --once`."
        )
    stored, features = load_head(path), open_features(project)
    if features is None or features.feature_set_id != stored.feature_set_id:
        raise LearnerError("The newest head was trained on other features than those in use; run `earmark learn --once` first.")
    return stored, features


def _predictions(
    stored: StoredHead, clips: Sequence[tuple[str, float, float]], vectors: NDArray[np.float32]
) -> Iterator[Prediction]:
    probabilities = stored.head.probabilities(vectors, stored.label_ids)
    for (file_name, start, end), row in zip(clips, probabilities, strict=True):
        yield Prediction(file_name, start, end, stored.label_names[int(row.argmax())], row.tolist())


def _encoded(encoder: Encoder, file: SourceRow) -> tuple[NDArray[np.float32], float]:
    seconds = probe(file.path).duration
    if seconds > LONG_SECONDS:
        vector = encoder.encode_stream(decode_blocks(file.path, sampling_rate=encoder.sampling_rate))
    else:
        vector = encoder.encode([decode(file.path, sampling_rate=encoder.sampling_rate)])[0]
    # What the head learned from went through the float16 of the store.
    largest = float(np.finfo(np.float16).max)
    return np.clip(vector, -largest, largest).astype(np.float16).astype(np.float32), seconds
