"""Audio files in, mono float32 out; every file is treated as hostile.

libsndfile reads what it can; other containers (m4a, AAC, WebM, …) go through the optional extra `av`
(`learner.audio.containers`). Files are opened here and handed on as descriptors, so that no library ever sees a file name:
neither odd bytes nor extensions can mislead it. Everything is read in blocks: probing reads the header only, decoding reads
the requested span only, and memory does not grow with the length of the file.

Imports numpy, soundfile and soxr only, because the app process decodes too.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader

import numpy as np
import soxr

from db.errors import AudioError
from learner.arrays import Waveform
from learner.audio.reader import END_TOLERANCE, AudioInfo, AudioMissing, Reader, shown
from learner.audio.sound_file import open_sound_file

MINIMUM_SECONDS = 0.025
"""Shorter spans are rejected: one frame of speech analysis is 25 ms, and less holds nothing to label."""
LOWEST_RATE, HIGHEST_RATE = 1_000, 1_000_000
MOST_CHANNELS = 64


def audio_info(path: str | os.PathLike[str]) -> AudioInfo:
    """What the header of a file states, without decoding it.

    Raises:
        AudioError: the file is missing, empty, no audio, cut short, or needs an extra that is not installed.
    """
    with _opened(path) as reader:
        return reader.info


def validate(path: str | os.PathLike[str], *, start: float = 0.0, end: float | None = None) -> AudioInfo:
    """Decode a span (seconds) block by block and return what `audio_info` returns; silence is fine.

    Raises:
        AudioError: as `decode`.
    """
    with _opened(path) as reader:
        for _ in _frames(reader, path, start, end):
            pass
        return reader.info


def decode(
    path: str | os.PathLike[str], *, start: float = 0.0, end: float | None = None, sampling_rate: int = 16_000
) -> Waveform:
    """The span from `start` to `end` (seconds) as mono float32 at `sampling_rate` Hz, channels averaged.

    Raises:
        AudioError: the file cannot be decoded, ends before the span, holds NaN or infinity, or the span is shorter than 25 ms.
    """
    return _joined(list(decode_blocks(path, start=start, end=end, sampling_rate=sampling_rate)))


def decode_blocks(
    path: str | os.PathLike[str], *, start: float = 0.0, end: float | None = None, sampling_rate: int = 16_000
) -> Iterator[Waveform]:
    """As `decode`, in blocks of arbitrary length, for spans that are too long to hold in memory."""
    with _opened(path) as reader:
        rate = reader.info.sampling_rate
        resampler = None if rate == sampling_rate else soxr.ResampleStream(rate, sampling_rate, 1, dtype="float32")
        for block in _frames(reader, path, start, end):
            mono = block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)
            yield _finite(resampler.resample_chunk(mono) if resampler else mono, path)
        if resampler:
            yield _finite(resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True), path)


def content_hash(path: str | os.PathLike[str]) -> str:
    """SHA-256 of the bytes, hexadecimal.

    Raises:
        AudioMissing: the file is not there, is not a regular file or may not be read.
    """
    with _opened_bytes(path) as file:
        try:
            return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise AudioMissing(f"{shown(path)} cannot be read ({error.strerror}); check the disk it is on.") from error


@contextmanager
def _opened_bytes(path: str | os.PathLike[str]) -> Iterator[BufferedReader]:
    try:
        # Opening a pipe would wait for its writer, so what it is comes first.
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
            raise AudioMissing(f"{shown(path)} is {kind}; name an audio file.")
        file = open(path, "rb")  # noqa: SIM115 (closed below; the errors of opening it are not those of reading it)
    except FileNotFoundError as error:
        raise AudioMissing(f"{shown(path)} does not exist; put the file back or correct its path.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise AudioMissing(f"{shown(path)} cannot be opened ({reason}); check its path and permissions.") from error
    with file:
        yield file


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Reader]:
    with _opened_bytes(path) as file:
        if os.fstat(file.fileno()).st_size == 0:
            raise AudioError(f"{shown(path)} is empty (0 bytes); record or copy it again.")
        reader: Reader | None = open_sound_file(file, path)
        if reader is None:
            from learner.audio.containers import open_container

            reader = open_container(file, path)
        _check_header(reader.info, path)
        yield reader


def _check_header(info: AudioInfo, path: str | os.PathLike[str]) -> None:
    if not LOWEST_RATE <= info.sampling_rate <= HIGHEST_RATE:
        raise AudioError(
            f"{shown(path)} states a sampling rate of {info.sampling_rate} Hz, outside {LOWEST_RATE}-{HIGHEST_RATE}; convert it."
        )
    if not 1 <= info.channels <= MOST_CHANNELS:
        raise AudioError(f"{shown(path)} states {info.channels} channels, outside 1-{MOST_CHANNELS}; convert it.")
    if info.frames <= 0:
        raise AudioError(f"{shown(path)} holds no samples; record it again.")
    if info.duration < MINIMUM_SECONDS:
        plural = "" if info.frames == 1 else "s"
        raise AudioError(
            f"{shown(path)} is too short ({info.frames} sample{plural}; at least {MINIMUM_SECONDS * 1000:.0f} ms are needed); "
            "leave it out."
        )


def _span(info: AudioInfo, path: str | os.PathLike[str], start: float, end: float | None) -> tuple[int, int]:
    stop = info.duration if end is None else end
    if not (np.isfinite(start) and np.isfinite(stop) and start >= 0):
        raise AudioError(f"{shown(path)}: a span from {start} to {stop} s makes no sense; correct start and end.")
    if stop > info.duration + END_TOLERANCE:
        raise AudioError(f"{shown(path)} lasts {info.duration:.2f} s, but the span ends at {stop:.2f} s; correct its end.")
    first, last = round(start * info.sampling_rate), min(round(stop * info.sampling_rate), info.frames)
    if last - first < int(MINIMUM_SECONDS * info.sampling_rate):
        raise AudioError(
            f"{shown(path)}: the span from {start:.3f} to {stop:.3f} s is too short "
            f"(at least {MINIMUM_SECONDS * 1000:.0f} ms are needed); correct start and end."
        )
    return first, last


def _frames(reader: Reader, path: str | os.PathLike[str], start: float, end: float | None) -> Iterator[Waveform]:
    """Blocks of the span. They are checked: the whole span is there, and every sample is a number."""
    first, last = _span(reader.info, path, start, end)
    seen = 0
    for block in reader.blocks(first, last):
        seen += len(block)
        yield _finite(block, path)
    rate = reader.info.sampling_rate
    short = last - first - seen
    if short > (END_TOLERANCE * rate if reader.lossy else 0) or seen == 0:
        raise AudioError(
            f"{shown(path)} is cut short ({(first + seen) / rate:.2f} s can be decoded of {reader.info.duration:.2f} s stated); "
            "copy it again."
        )


def _finite(block: Waveform, path: str | os.PathLike[str]) -> Waveform:
    if not np.isfinite(block).all():
        raise AudioError(f"{shown(path)} holds samples that are not numbers (NaN or infinity); convert or record it again.")
    return block


def _joined(blocks: list[Waveform]) -> Waveform:
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
