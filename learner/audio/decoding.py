"""Audio files in, mono float32 out; every file is treated as hostile.

libsndfile reads what it can; other containers (m4a, AAC, WebM, …) go through the optional extra `av`
(`learner.audio.containers`). Files are opened here and handed on as descriptors, so that no library ever sees a file name:
neither odd bytes nor extensions can mislead it. Everything is read in blocks: probing reads the header only (of MP3 files
without a length the frames' headers), decoding reads the requested span only, and memory does not grow with the length of the
file. Whatever a decoder raises becomes an `AudioError`, so that it concerns that file alone.

Imports numpy, soundfile and soxr only, because the app process decodes too.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader

import numpy as np
import soxr

from db.errors import AudioError, EarmarkError
from learner.arrays import Waveform
from learner.audio.address import is_address
from learner.audio.channels import mono_blocks
from learner.audio.elsewhere.cache import LIMIT_VARIABLE
from learner.audio.elsewhere.local_copy import content_hash_of, local_copy
from learner.audio.levels import LevelMeter
from learner.audio.reader import END_TOLERANCE, AudioInfo, AudioMissing, Reader, Validated, shown
from learner.audio.sound_file import open_sound_file

MINIMUM_SECONDS = 0.025
"""Shorter spans are rejected: one frame of speech analysis is 25 ms, and less holds nothing to label."""
LOWEST_RATE, HIGHEST_RATE = 1_000, 1_000_000
MOST_CHANNELS = 64
HIGHEST_SAMPLE = float(1 << 32)
"""Full scale is 1. Samples of 32 bits that were never scaled reach half of this; what is beyond it is damage, and powers of it
overflow."""
LONG_SECONDS = 3600.0
"""Longer spans are remarked on: a clip gets one label."""
WHOLE_SECONDS = 7200.0
"""Spans of up to two hours are decoded whole to validate them. Of longer ones a beginning, an end and a sample between them are:
silence of days fits into a megabyte."""
_STRETCHES, _STRETCH_SECONDS = 60, 10.0
_ATTEMPTS = 3
_HEADER_BYTES = 4096
"""A file with more bytes than this is no empty recording."""


def audio_info(path: str | os.PathLike[str]) -> AudioInfo:
    """What the header of a file states, without decoding it.

    Raises:
        AudioError: the file is missing, empty, no audio, cut short, or needs an extra that is not installed.
    """
    with _opened(path) as reader:
        return reader.info


def validate(path: str | os.PathLike[str], *, start: float = 0.0, end: float | None = None) -> Validated:
    """Decode a span (seconds) block by block and return what `audio_info` returns, with levels and remarks; silence is fine.

    Raises:
        AudioError: as `decode`.
    """
    with _opened(path) as reader:
        first, last = _span(reader.info, path, start, end)
        meter = LevelMeter(reader.info.channels)
        for begin, stop in _stretches(first, last, rate=reader.info.sampling_rate):
            for block in _frames(reader, path, begin, stop):
                meter.add(block)
        seconds = (last - first) / reader.info.sampling_rate
        others = (*reader.remarks(), *_on_length(seconds))
        return Validated(**vars(reader.info), levels=meter.levels(), others=others)


def decode(
    path: str | os.PathLike[str], *, start: float = 0.0, end: float | None = None, sampling_rate: int = 16_000
) -> Waveform:
    """The span from `start` to `end` (seconds) as mono float32 at `sampling_rate` Hz, channels averaged.

    Channels that carry nothing do not count, and of channels that cancel each other out the loudest is taken
    (`learner.audio.channels`).

    Raises:
        AudioError: the file cannot be decoded, ends before the span, holds NaN, infinity or samples over `HIGHEST_SAMPLE`, or the
            span is shorter than 25 ms.
    """
    return _joined(list(decode_blocks(path, start=start, end=end, sampling_rate=sampling_rate)))


def decode_blocks(
    path: str | os.PathLike[str], *, start: float = 0.0, end: float | None = None, sampling_rate: int = 16_000
) -> Iterator[Waveform]:
    """As `decode`, in blocks of arbitrary length, for spans that are too long to hold in memory."""
    with _opened(path) as reader:
        rate = reader.info.sampling_rate
        first, last = _span(reader.info, path, start, end)
        resampler = None if rate == sampling_rate else soxr.ResampleStream(rate, sampling_rate, 1, dtype="float32")
        for mono in mono_blocks(lambda: _frames(reader, path, first, last), channels=reader.info.channels):
            yield resampler.resample_chunk(mono) if resampler else mono
        if resampler:
            yield resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True)


def frames_of_span(path: str | os.PathLike[str], *, start: float, end: float) -> tuple[AudioInfo, int, int]:
    """What the header states, and the first frame of a span (seconds) and the one after its last.

    Raises:
        AudioError: as `decode`.
    """
    with _opened(path) as reader:
        return reader.info, *_span(reader.info, path, start, end)


def channel_blocks(path: str | os.PathLike[str], *, start: float, end: float) -> Iterator[Waveform]:
    """A span (seconds) as blocks [n, channels] at the file's own sampling rate.

    Raises:
        AudioError: as `decode`.
    """
    with _opened(path) as reader:
        yield from _frames(reader, path, *_span(reader.info, path, start, end))


def content_hash(path: str | os.PathLike[str]) -> str:
    """SHA-256 of the bytes, hexadecimal.

    Raises:
        AudioMissing: the file is not there, is not a regular file or may not be read.
    """
    if is_address(path):
        return content_hash_of(path)
    with opened_bytes(path) as file:
        try:
            return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise AudioMissing(f"{shown(path)} cannot be read ({error.strerror}); check the disk it is on.") from error


@contextmanager
def opened_bytes(path: str | os.PathLike[str]) -> Iterator[BufferedReader]:
    """The file, to read its bytes; of an address the copy of the object.

    Raises:
        AudioMissing: the file is not there, is not a regular file or may not be read.
    """
    with _opened_copy(path) if is_address(path) else _opened_file(path) as file:
        yield file


def _opened_copy(path: str | os.PathLike[str]) -> BufferedReader:
    for _ in range(_ATTEMPTS):
        with suppress(FileNotFoundError):  # another process needed its room
            return open(local_copy(path).path, "rb")
    raise AudioMissing(f"{shown(path)} was removed from this machine while it was wanted; raise {LIMIT_VARIABLE} (in GB).")


def _opened_file(path: str | os.PathLike[str]) -> BufferedReader:
    try:
        # Opening a pipe would wait for its writer, so what it is comes first.
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
            raise AudioMissing(f"{shown(path)} is {kind}; name an audio file.")
        return open(path, "rb")
    except FileNotFoundError as error:
        raise AudioMissing(f"{shown(path)} does not exist; put the file back or correct its path.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise AudioMissing(f"{shown(path)} cannot be opened ({reason}); check its path and permissions.") from error


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Reader]:
    with opened_bytes(path) as file, _errors_of_decoders(path):
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise AudioError(f"{shown(path)} is empty (0 bytes); record or copy it again.")
        reader: Reader | None = open_sound_file(file, path)
        if reader is None:
            from learner.audio.containers import open_container

            reader = open_container(file, path)
        _check_header(reader.info, path, size=size)
        yield reader


@contextmanager
def _errors_of_decoders(path: str | os.PathLike[str]) -> Iterator[None]:
    try:
        yield
    except EarmarkError:
        raise
    except Exception as error:
        raise AudioError(
            f"{shown(path)} cannot be decoded (the decoder failed with {type(error).__name__}); convert it to WAV or FLAC."
        ) from error


def _check_header(info: AudioInfo, path: str | os.PathLike[str], *, size: int) -> None:
    if not LOWEST_RATE <= info.sampling_rate <= HIGHEST_RATE:
        raise AudioError(
            f"{shown(path)} states a sampling rate of {info.sampling_rate} Hz, outside {LOWEST_RATE}-{HIGHEST_RATE}; convert it."
        )
    if not 1 <= info.channels <= MOST_CHANNELS:
        raise AudioError(f"{shown(path)} states {info.channels} channels, outside 1-{MOST_CHANNELS}; convert it.")
    if info.frames <= 0 and size > _HEADER_BYTES:
        raise AudioError(f"{shown(path)} holds no samples by its header, but {size} bytes; save it again with a right header.")
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


def _stretches(first: int, last: int, *, rate: int) -> Iterator[tuple[int, int]]:
    """The parts of a span that are decoded to validate it, in frames."""
    length = round(_STRETCH_SECONDS * rate)
    if last - first <= WHOLE_SECONDS * rate:
        yield first, last
        return
    for begin in np.linspace(first, last - length, _STRETCHES).astype(np.int64).tolist():
        yield begin, begin + length


def _frames(reader: Reader, path: str | os.PathLike[str], first: int, last: int) -> Iterator[Waveform]:
    """Blocks of these frames. They are checked: all frames are there, and every sample is a number that makes sense."""
    seen = 0
    for block in reader.blocks(first, last):
        seen += len(block)
        _check_samples(block, path)
        yield block
    rate = reader.info.sampling_rate
    short = last - first - seen
    if short > (END_TOLERANCE * rate if reader.lossy else 0) or seen == 0:
        raise AudioError(
            f"{shown(path)} is cut short ({(first + seen) / rate:.2f} s can be decoded of {reader.info.duration:.2f} s stated); "
            "copy it again."
        )


def _check_samples(block: Waveform, path: str | os.PathLike[str]) -> None:
    low, high = float(block.min()), float(block.max())
    if low >= -HIGHEST_SAMPLE and high <= HIGHEST_SAMPLE:
        return
    if not np.isfinite(block).all():
        raise AudioError(f"{shown(path)} holds samples that are not numbers (NaN or infinity); convert or record it again.")
    raise AudioError(
        f"{shown(path)} holds a sample of {max(high, -low):.0e}, where 1 is full scale; it is damaged; copy or record it again."
    )


def _on_length(seconds: float) -> tuple[str, ...]:
    if seconds <= LONG_SECONDS:
        return ()
    checked = " Only a sample of it was checked." if seconds > WHOLE_SECONDS else ""
    hours, minutes = divmod(round(seconds / 60), 60)
    return (
        f"It lasts {hours} h {minutes} min and gets one label for all of it; to label parts of it, import it with "
        f"--segment, or a manifest with start and end of each.{checked}",
    )


def _joined(blocks: list[Waveform]) -> Waveform:
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
