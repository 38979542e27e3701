"""A clip as Opus in an Ogg container, for annotators with little bandwidth.

libsndfile writes it. Chromium and Firefox play it, and Safari since 18.4; the player asks for it only where the browser says so.
At 73 kbit/s (one channel) and 107 kbit/s (two) Opus is close to transparent for speech and music. It keeps nothing above 20 kHz,
so whoever judges ultrasound needs the file itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr

from db.errors import AudioError
from db.records.clips import ClipAudio
from learner.arrays import Waveform
from learner.audio.decoding import decode_blocks
from learner.audio.reader import shown

_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
"""The sampling rates in Hz that Opus knows (RFC 6716)."""
_COMPRESSION = {1: 0.75, 2: 0.82}
"""By channels, in libsndfile's measure, from 0 (256 kbit/s a channel) to 1 (6 kbit/s). Under 60 kbit/s in one channel, Opus
goes into its mode for speech, which makes noise 1.5 dB fainter (measured with pink noise)."""
_MOST_BITS = 160_000
"""Bits a second and channel that are never exceeded on average, more than twice what is usual."""
_WRITTEN_AT_ONCE = 1 << 16


def opus_is_there() -> bool:
    """Whether libsndfile was built with Opus; some distributions leave it out."""
    return bool(soundfile.check_format("OGG", "OPUS"))


def most_opus_bytes(clip: ClipAudio, *, channels: int) -> int:
    """More bytes than the clip takes as Opus."""
    return 16_384 + round(clip.duration * channels * _MOST_BITS / 8)


def write_opus(clip: ClipAudio, path: Path, *, channels: int = 1, gain: float = 0.0) -> None:
    """Write the clip, block by block.

    Args:
        channels: 1 writes the signal that encoders get; as many as the file has keeps them apart.
        gain: decibels to add.

    Raises:
        AudioError: the clip cannot be decoded.
    """
    rate = next((rate for rate in _RATES if rate >= clip.sampling_rate), _RATES[-1])
    factor = np.float32(10 ** (gain / 20))
    blocks = decode_blocks(clip.path, start=clip.start, end=clip.end, sampling_rate=rate) if channels == 1 else _apart(clip, rate)
    coding = {"format": "OGG", "subtype": "OPUS", "compression_level": _COMPRESSION[channels]}
    with soundfile.SoundFile(str(path), "w", samplerate=rate, channels=channels, **coding) as file:
        for block in blocks:
            for first in range(0, len(block), _WRITTEN_AT_ONCE):
                file.write(np.clip(block[first : first + _WRITTEN_AT_ONCE] * factor, -1.0, 1.0))


def _apart(clip: ClipAudio, rate: int) -> Iterator[Waveform]:
    """Blocks of shape [n, channels] of a whole file at `rate` Hz."""
    try:
        with open(clip.path, "rb") as opened, soundfile.SoundFile(opened.fileno(), closefd=False) as file:
            resampler = soxr.ResampleStream(file.samplerate, rate, file.channels, dtype="float32")
            for block in file.blocks(_WRITTEN_AT_ONCE, dtype="float32", always_2d=True):
                yield resampler.resample_chunk(block)
            yield resampler.resample_chunk(np.zeros((0, file.channels), np.float32), last=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise AudioError(f"{shown(clip.path)} cannot be decoded (damaged or cut short); copy it again.") from error
