"""Predictions for audio files that belong to no project: found, decoded, encoded, and given to a head."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from db.errors import AudioError
from db.imports.folder import read_folder
from db.imports.manifest import LONGEST_NAME, BadRow, SourceRow, is_too_long
from db.imports.text_lines import problem_with, storable
from learner.arrays import Float32Array
from learner.audio.decoding import audio_info, decode, decode_blocks
from learner.encoders.base import Encoder
from learner.engine.spread import Spread, in_this_process
from learner.features.embed import LONG_SECONDS
from learner.features.precision import as_stored
from learner.prediction.predictions import LabelledHead, Prediction, PredictReport
from learner.progress import Progress

Files = list[SourceRow | BadRow]


def audio_files(audio: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> Files:
    """The audio files that somebody has named: a folder with all below it, a file, or a list of these.

    Files of a folder are named relative to it (in a list, with the folder as it was given before that); a file that was given
    itself has the name that it was given by.

    Raises:
        FormatError: a folder cannot be read.
    """
    if isinstance(audio, str | os.PathLike):
        return list(read_folder(Path(audio))) if _is_folder(audio) else [_named(1, os.fspath(audio))]
    found: Files = []
    for path in (os.fspath(each) for each in audio):
        if _is_folder(path):
            found += [_below(path, row) for row in read_folder(Path(path))]
        else:
            found.append(_named(len(found) + 1, path))
    return found


def _is_folder(path: str | os.PathLike[str]) -> bool:
    try:
        return os.path.isdir(path)
    except ValueError:
        return False


def _named(number: int, name: str) -> SourceRow | BadRow:
    if problem := problem_with(name):
        return BadRow(number=number, file_name=storable(name), path=storable(name), reason=f"The name of the file {problem}.")
    path = os.path.abspath(name)
    if is_too_long(path):
        reason = f"The path is longer than {LONGEST_NAME} bytes; move the file up or shorten its name."
        return BadRow(number=number, file_name=name, path=path, reason=reason)
    return SourceRow(number=number, file_name=name, path=path)


def _below(folder: str, row: SourceRow | BadRow) -> SourceRow | BadRow:
    name = storable(os.path.join(folder, row.file_name))
    if isinstance(row, BadRow):
        return BadRow(number=row.number, file_name=name, path=row.path, reason=row.reason)
    return SourceRow(number=row.number, file_name=name, path=row.path)


def predict_files(
    head: LabelledHead,
    encoder: Encoder,
    files: Files,
    *,
    report: PredictReport,
    progress: Progress | None = None,
    rounded: bool = True,
    spread: Spread = in_this_process,
    build: Callable[[], Encoder] | None = None,
) -> Iterator[Prediction]:
    """Predictions for these files, in their order; what fails is noted in `report`.

    Args:
        rounded: vectors go through the precision of the store, as those did that the head learned from.
        spread: who encodes.
        build: makes the encoder anew on a worker, if its name does not.

    Raises:
        EncoderError: the encoder cannot be loaded.
        EngineError: the workers cannot be used.
    """
    found = spread(
        partial(_encoded_files, rounded), encoder, [file for file in files if isinstance(file, SourceRow)], build=build
    )
    for done, file in enumerate(files, start=1):
        if isinstance(file, BadRow):
            report.leave_out(file.file_name, file.reason)
        else:
            result = next(found)
            if isinstance(result, AudioError):
                report.leave_out(file.file_name, str(result))
            else:
                vector, seconds = result
                yield from head.predictions([(None, file.file_name, 0.0, seconds)], vector[np.newaxis])
        if progress is not None:
            progress(done, len(files))


def _encoded_files(rounded: bool, encoder: Encoder, files: Sequence[SourceRow]) -> list[tuple[Float32Array, float] | AudioError]:
    found: list[tuple[Float32Array, float] | AudioError] = []
    for file in files:
        try:
            found.append(_encoded(encoder, file, rounded=rounded))
        except AudioError as error:
            found.append(error)
    return found


def _encoded(encoder: Encoder, file: SourceRow, *, rounded: bool) -> tuple[Float32Array, float]:
    seconds = audio_info(file.path).duration
    if seconds > LONG_SECONDS:
        vector = encoder.encode_stream(decode_blocks(file.path, sampling_rate=encoder.sampling_rate))
    else:
        vector = encoder.encode([decode(file.path, sampling_rate=encoder.sampling_rate)])[0]
    if not np.isfinite(vector).all():
        raise AudioError("The encoder gives values for it that are not numbers; check its samples.")
    return as_stored(vector).astype(np.float32) if rounded else vector, seconds
