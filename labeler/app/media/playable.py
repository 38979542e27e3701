"""A clip's audio as a browser can play it: the file itself if browsers play it, else a 16-bit WAV of the span."""

from __future__ import annotations

import os
import struct
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from db.errors import AudioError
from db.records.clips import ClipAudio
from labeler.app.media.disk_cache import DiskCache
from labeler.app.media.loudness import clip_loudness
from learner.audio.decoding import content_hash, decode_blocks
from learner.audio.reader import AudioMissing, shown

_PLAYED = {
    ("WAV", "PCM_16"): "audio/wav",
    ("FLAC", "PCM_16"): "audio/flac",
    ("FLAC", "PCM_24"): "audio/flac",
    ("OGG", "VORBIS"): "audio/ogg",
    ("OGG", "OPUS"): "audio/ogg",
    ("MP3", "MPEG_LAYER_III"): "audio/mpeg",
}
"""The formats that every current browser plays, by libsndfile's names for container and coding."""
HIGHEST_RATE = 48_000
LONG_SECONDS = 600
LONG_RATE = 16_000
"""Spans longer than ten minutes are transcoded at 16 kHz, so that two hours take 230 MB."""


@dataclass(frozen=True)
class Playable:
    """A file to send, and its type."""

    path: Path
    media_type: str
    gain: float = 0.0
    """Decibels by which the audio was made louder."""


class AudioFiles:
    """Playable files for clips; `most_bytes` bounds the transcoded ones kept on disk."""

    def __init__(self, folder: Path, *, most_bytes: int = 2 << 30) -> None:
        self._cache = DiskCache(folder, most_bytes=most_bytes)
        self._verified: dict[str, tuple[int, int, str]] = {}
        """By path: size, time and hash of the files whose bytes were checked to be those that were imported."""

    def playable(
        self,
        clip: ClipAudio,
        *,
        imported: tuple[int, int],
        transcode: bool = False,
        level_of: ClipAudio | None = None,
    ) -> Playable:
        """What to send for a clip; with `transcode` even a file that should play is rewritten.

        Args:
            clip: where the audio is.
            imported: size in bytes and time (ns) of the file when it was imported.
            transcode: make a WAV file in any case.
            level_of: bring the audio to the common loudness, by the gain that this clip needs.

        Raises:
            AudioMissing: the file is missing at the moment.
            AudioError: the file holds other bytes than were imported, or cannot be decoded.
        """
        self._check_unchanged(clip, imported)
        gain = 0.0 if level_of is None else self._gain(level_of)
        media_type = None if transcode or gain or not clip.whole else _media_type(clip)
        if media_type is not None:
            return Playable(Path(clip.path), media_type)
        name = f"{_span_name(clip)}{f'{gain:+.1f}dB' if gain else ''}.wav"
        return Playable(self._cache.file(name, lambda path: _write_wav(clip, path, gain=gain)), "audio/wav", gain)

    def _gain(self, clip: ClipAudio) -> float:
        """The gain in dB that a clip needs, measured once and cached."""

        def measure(path: Path) -> None:
            path.write_text(f"{clip_loudness(clip, rate=_wav_rate(clip)).gain:.1f}", encoding="ascii")

        return float(self._cache.file(f"{_span_name(clip)}.gain", measure).read_text(encoding="ascii"))

    def _check_unchanged(self, clip: ClipAudio, imported: tuple[int, int]) -> None:
        """Hash a file only if its size or time changed since it was last known to be the one imported."""
        try:
            stat = os.stat(clip.path)
        except OSError as error:
            raise AudioMissing(f"{shown(clip.path)} cannot be opened ({error.strerror}); put the file back.") from error
        seen = (stat.st_size, stat.st_mtime_ns, clip.content_hash)
        if seen[:2] == imported or self._verified.get(clip.path) == seen:
            return
        if content_hash(clip.path) != clip.content_hash:
            raise AudioError(f"{shown(clip.path)} holds other audio than was imported; import it again.")
        self._verified[clip.path] = seen


def _span_name(clip: ClipAudio) -> str:
    return f"{clip.content_hash}-{round(clip.start * 1000)}-{round(clip.end * 1000)}"


def expected_bytes(clip: ClipAudio) -> int:
    """About how many bytes `AudioFiles.playable` will send; 0 if the file is missing."""
    if clip.whole:
        try:
            return os.stat(clip.path).st_size
        except OSError:
            return 0
    return round(clip.duration * _wav_rate(clip) * 2)


def _media_type(clip: ClipAudio) -> str | None:
    """The type of a file that browsers play as it is, or None."""
    if clip.channels > 2 or not 8000 <= clip.sampling_rate <= HIGHEST_RATE:
        return None
    try:
        with open(clip.path, "rb") as file, soundfile.SoundFile(file.fileno(), closefd=False) as sound:
            return _PLAYED.get((sound.format, sound.subtype))
    except (soundfile.SoundFileError, OSError):
        return None


def _wav_rate(clip: ClipAudio) -> int:
    if clip.duration > LONG_SECONDS:
        return min(clip.sampling_rate, LONG_RATE)
    return min(max(clip.sampling_rate, 8000), HIGHEST_RATE)


def _write_wav(clip: ClipAudio, path: Path, *, gain: float = 0.0) -> None:
    """Write a mono WAV, the signal that encoders get, block by block, so that memory does not grow with the span."""
    rate, factor = _wav_rate(clip), np.float32(10 ** (gain / 20))
    try:
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            for block in decode_blocks(clip.path, start=clip.start, end=clip.end, sampling_rate=rate):
                file.writeframes((np.clip(block * factor, -1.0, 1.0) * 32767.0).round().astype("<i2").tobytes())
    except (struct.error, wave.Error) as error:
        raise AudioError(f"{shown(clip.path)} is too long to be played in one piece; import shorter spans of it.") from error
