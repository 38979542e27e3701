"""The network that a project has adopted as its final classifier: `predict` takes it in place of the newest head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from db.errors import AudioError, EncoderError, LearnerError
from db.models import AudioFile, Clip, ClipState
from db.project import OpenProject
from db.records.clips import SPAN_TOLERANCE
from db.records.labels import label_id_of, label_name
from learner.arrays import Float32Array
from learner.audio.decoding import decode, decode_blocks
from learner.encoders.base import Encoder
from learner.engine.spread import Spread, in_this_process
from learner.features.embed import LONG_SECONDS
from learner.prediction.models.document import DOCUMENT
from learner.prediction.models.reading import SavedModel, load_saved_model
from learner.prediction.new_audio import Files, predict_files
from learner.prediction.predictions import Prediction, PredictReport
from learner.progress import Progress


def classifier_folder(project: OpenProject) -> Path:
    """The folder of the network that `predict` takes; without one there is none."""
    return project.networks_dir / "classifier"


def adopted_classifier(project: OpenProject) -> SavedModel | None:
    """The network that the project has adopted, with the names that its labels have today; None where it has none.

    Raises:
        LearnerError: it is damaged, or its labels have been merged since.
    """
    folder = classifier_folder(project)
    if not (folder / DOCUMENT).exists():
        return None
    try:
        found = load_saved_model(folder)
    except (EncoderError, LearnerError) as error:
        raise LearnerError(f"{error} `earmark finetune --adopt none` goes back to the usual classifier.") from error
    with project.read() as session:
        today = [label_name(session, label_id_of(session, name)) or name for name in found.head.label_names]
    if len(set(today)) < len(today):
        raise LearnerError(
            "Labels that the adopted network tells apart have been merged; give the command with `--adopt classifier` again, or "
            "`--adopt none` to go back to the usual classifier."
        )
    return replace(found, head=replace(found.head, label_names=today))


def used_network(model: SavedModel) -> dict[str, Any]:
    """What a report on predictions says of the network: its folder and labels, what it is, and how good."""
    facts = model.facts
    scores = None if facts is None else facts.scores
    return {
        "folder": str(model.folder),
        "labels": list(model.head.label_names),
        "accuracy": None if scores is None else scores.tuned.model_dump(),
        "method": None if facts is None else facts.method,
        "encoder": None if facts is None else facts.encoder,
    }


def predict_new(
    model: SavedModel,
    files: Files,
    *,
    report: PredictReport,
    progress: Progress | None,
    spread: Spread = in_this_process,
) -> Iterator[Prediction]:
    """Predictions for audio files; what fails is noted in `report`."""
    build = partial(_network_in, model.folder.resolve())
    return predict_files(
        model.head, model.encoder, files, report=report, progress=progress, rounded=False, spread=spread, build=build
    )


def predict_clips(
    project: OpenProject,
    model: SavedModel,
    *,
    report: PredictReport,
    progress: Progress | None,
    spread: Spread = in_this_process,
) -> Iterator[Prediction]:
    """Predictions for every clip in service, by id: their audio goes through the network, which takes its time."""
    query = select(Clip.id, Clip.file_name, Clip.start, Clip.end, AudioFile.path, AudioFile.duration)
    query = query.join(AudioFile, AudioFile.id == Clip.file_id).where(Clip.state == ClipState.READY).order_by(Clip.id)
    with project.read() as session:
        clips = session.execute(query).all()
    spans = [
        _Span(clip.path, clip.start, None if clip.end >= clip.duration - SPAN_TOLERANCE else clip.end, clip.end - clip.start)
        for clip in clips
    ]
    results = spread(_encoded_spans, model.encoder, spans, build=partial(_network_in, model.folder.resolve()))
    for done, (clip, result) in enumerate(zip(clips, results, strict=True), start=1):
        if isinstance(result, AudioError):
            report.leave_out(clip.file_name, str(result))
        else:
            yield from model.head.predictions([(clip.id, clip.file_name, clip.start, clip.end)], result[np.newaxis])
        if progress is not None:
            progress(done, len(clips))


@dataclass(frozen=True)
class _Span:
    """Seconds `start` to `end` of a file; without an end, to its end."""

    path: str
    start: float
    end: float | None
    seconds: float


def _network_in(folder: Path) -> Encoder:
    return load_saved_model(folder).encoder


def _encoded_spans(encoder: Encoder, spans: Sequence[_Span]) -> list[Float32Array | AudioError]:
    found: list[Float32Array | AudioError] = []
    for span in spans:
        try:
            found.append(_encoded(encoder, span))
        except AudioError as error:
            found.append(error)
    return found


def _encoded(encoder: Encoder, span: _Span) -> Float32Array:
    rate = encoder.sampling_rate
    if span.seconds > LONG_SECONDS:
        vector = encoder.encode_stream(decode_blocks(span.path, start=span.start, end=span.end, sampling_rate=rate))
    else:
        vector = encoder.encode([decode(span.path, start=span.start, end=span.end, sampling_rate=rate)])[0]
    if not np.isfinite(vector).all():
        raise AudioError("The network gives values for it that are not numbers; check its samples.")
    return vector
