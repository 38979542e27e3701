"""A span of a recording as a file of its own: without any loss where the recording has none, otherwise decoded."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from db.errors import AudioError
from learner.audio.decoding import channel_blocks, frames_of_span, opened_bytes
from learner.audio.reader import shown

_LOSSLESS = {
    **dict.fromkeys(("PCM_U8", "PCM_S8", "PCM_16", "PCM_24", "PCM_32"), "int32"),
    "FLOAT": "float32",
    "DOUBLE": "float64",
}
"""Sample formats that are written as they are, with the type of numpy that holds them."""
_BLOCK = 1 << 18
_HEADER = 4096


def cut_suffix(path: str) -> str:
    """The suffix of the file that `write_span` makes: .flac for a FLAC file and for samples that WAV has not, otherwise .wav.

    Raises:
        AudioError: the file cannot be opened.
    """
    return "." + _form(path)[0].lower()


def write_span(path: str, target: Path, *, start: float, end: float) -> None:
    """Write a span (seconds) of a file to another one, with its sampling rate and channels.

    From WAV, FLAC, AIFF and other files with plain samples the same samples are written, in the same sample format. Anything else
    is decoded, and written with 16 bits.

    Raises:
        AudioError: the file cannot be decoded, or ends before the span.
        OSError: the target cannot be written.
    """
    form, subtype = _form(path)
    info, first, last = frames_of_span(path, start=start, end=end)
    try:
        with soundfile.SoundFile(
            os.fspath(target),
            "w",
            samplerate=info.sampling_rate,
            channels=info.channels,
            subtype=subtype or "PCM_16",
            format=form,
        ) as file:
            for block in _decoded(path, start, end) if subtype is None else _same_frames(path, first, last, _LOSSLESS[subtype]):
                file.write(block)
    except (soundfile.SoundFileError, AssertionError) as error:
        raise OSError(errno.EIO, f"the audio could not be written: {error}") from error
    if subtype in ("FLOAT", "DOUBLE"):
        _without_time(target)


def _form(path: str) -> tuple[str, str | None]:
    """The format to write, and the sample format; None where samples must be decoded."""
    with opened_bytes(path) as file:
        try:
            with soundfile.SoundFile(file.fileno(), closefd=False) as opened:
                # A header that states no samples is repaired where files are decoded.
                subtype = opened.subtype if opened.subtype in _LOSSLESS and opened.frames else None
                return ("FLAC" if opened.format == "FLAC" or subtype == "PCM_S8" else "WAV"), subtype
        except (soundfile.SoundFileError, OSError, ValueError, TypeError):
            return "WAV", None


def _decoded(path: str, start: float, end: float) -> Iterator[NDArray[np.int16]]:
    for block in channel_blocks(path, start=start, end=end):
        # libsndfile would multiply by 32767 what it had divided by 32768: there and back would change samples.
        yield np.clip(np.rint(block * 32768), -32768, 32767).astype(np.int16)


def _same_frames(path: str, first: int, last: int, dtype: str) -> Iterator[NDArray[Any]]:
    at, stated = first, last
    with opened_bytes(path) as file, suppress(soundfile.SoundFileError):
        source = soundfile.SoundFile(file.fileno(), closefd=False)
        stated = source.frames
        source.seek(first)
        while at < last and len(block := source.read(min(_BLOCK, last - at), dtype=dtype, always_2d=True)):
            yield block
            at += len(block)
    if at < last:
        raise AudioError(f"{shown(path)} is cut short ({at} samples can be read of {stated} stated); copy it again.")


def _without_time(target: Path) -> None:
    """libsndfile writes the time of writing into the PEAK chunk of WAV files; without it, the same export has the same bytes."""
    with open(target, "r+b") as file:
        place = file.read(_HEADER).find(b"PEAK")
        if place >= 0:
            file.seek(place + 12)
            file.write(bytes(4))
