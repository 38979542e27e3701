"""A clip's audio as a browser can play it: the file itself if browsers play it, else a 16-bit WAV of the span.

Where the browser plays Opus and asks for it, what is large is sent as Opus (`opus`).
"""

from __future__ import annotations

import os
import shutil
import wave
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile

from db.errors import AudioError, EarmarkError
from db.records.clips import ClipAudio
from labeler.app.media.disk_cache import DiskCache
from labeler.app.media.loudness import clip_loudness
from labeler.app.media.opus import most_opus_bytes, opus_is_there, write_opus
from learner.audio.address import is_address
from learner.audio.decoding import content_hash, decode_blocks, opened_bytes
from learner.audio.elsewhere.local_copy import status_of
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
PLENTY = 200_000
"""Bits a second from which Opus is worth its making: 16 kHz FLAC takes less, and all WAV but that of telephones takes more."""
MOST_OPUS_SECONDS = 120
"""Longer clips would keep their first annotator waiting while they are made; browsers fetch large files in parts as they play."""
_LOSSLESS = ("audio/wav", "audio/flac")
_MOST_WAV = (1 << 32) - 1024
"""RIFF counts bytes in 32 bits."""

Form = Literal["file", "wav", "opus"]
"""What is sent: the file itself, or what was made of it."""


class UnplayableError(EarmarkError):
    """A clip that cannot be played in one piece, though its audio is good."""


@dataclass(frozen=True)
class Playable:
    """A file to send, and its type."""

    path: Path
    media_type: str
    form: Form
    gain: float = 0.0
    """Decibels by which the audio was made louder."""


class AudioFiles:
    """Playable files for clips; `most_bytes` bounds the transcoded ones kept on disk."""

    def __init__(self, folder: Path, *, most_bytes: int = 2 << 30) -> None:
        self.cache = DiskCache(folder, most_bytes=most_bytes)
        self._verified: dict[str, tuple[int, int, str]] = {}
        """By path: size, time and hash of the files whose bytes were checked to be those that were imported."""

    def playable(
        self,
        clip: ClipAudio,
        *,
        imported: tuple[int, int],
        form: Form = "file",
        level_of: ClipAudio | None = None,
    ) -> Playable:
        """What to send for a clip.

        Args:
            clip: where the audio is.
            imported: size in bytes and time (ns) of the file when it was imported.
            form: what is wanted. "file" gives a WAV file where browsers do not play the file; "wav" gives one in any case; "opus"
                gives Opus where that is smaller, and otherwise what "file" gives.
            level_of: bring the audio to the common loudness, by the gain that this clip needs.

        Raises:
            AudioMissing: the file is missing at the moment.
            AudioError: the file holds other bytes than were imported, or cannot be decoded.
            UnplayableError: the clip is too long to be sent in one piece.
            TooLargeError, NoRoomError: it does not fit into the cache.
        """
        self._check_unchanged(clip, imported)
        if clip.whole and is_address(clip.path):
            clip = self._copy_of(clip)
        gain = 0.0 if level_of is None else self._gain(level_of)
        media_type = None if form == "wav" or gain or not clip.whole else _media_type(clip)
        itself = None if media_type is None else Playable(Path(clip.path), media_type, "file")
        opus = self._opus(clip, itself, gain) if form == "opus" and _worth_opus(clip, itself) else None
        return opus or itself or self._wav(clip, gain)

    def _copy_of(self, clip: ClipAudio) -> ClipAudio:
        """The clip with its audio in this cache: what is sent must stay until all of it is sent."""

        def copy(path: Path) -> None:
            with opened_bytes(clip.path) as source, open(path, "wb") as target:
                shutil.copyfileobj(source, target)

        return replace(clip, path=str(self.cache.file(f"{_span_name(clip)}.audio", copy, most=max(clip.size, 0))))

    def _opus(self, clip: ClipAudio, itself: Playable | None, gain: float) -> Playable | None:
        """The clip as Opus, with the channels that the annotator would get otherwise; None if it is no smaller than the file."""
        channels = 1 if itself is None else clip.channels
        path = self.cache.file(
            f"{_made_name(clip, gain)}-{channels}.ogg",
            lambda path: write_opus(clip, path, channels=channels, gain=gain),
            most=most_opus_bytes(clip, channels=channels),
        )
        if itself is not None and path.stat().st_size >= itself.path.stat().st_size:
            return None
        return Playable(path, "audio/ogg", "opus", gain)

    def _wav(self, clip: ClipAudio, gain: float) -> Playable:
        most = _wav_bytes(clip)
        if most > _MOST_WAV:
            raise UnplayableError(
                f"{shown(clip.path)} lasts {clip.duration / 3600:.0f} h and is too long to be played in one piece; "
                "import shorter spans of it."
            )
        name = f"{_made_name(clip, gain)}.wav"
        return Playable(
            self.cache.file(name, lambda path: _write_wav(clip, path, gain=gain), most=most), "audio/wav", "wav", gain
        )

    def _gain(self, clip: ClipAudio) -> float:
        """The gain in dB that a clip needs, measured once and cached."""

        def measure(path: Path) -> None:
            path.write_text(f"{clip_loudness(clip, rate=_wav_rate(clip)).gain:.1f}", encoding="ascii")

        return float(self.cache.file(f"{_span_name(clip)}.gain", measure).read_text(encoding="ascii"))

    def _check_unchanged(self, clip: ClipAudio, imported: tuple[int, int]) -> None:
        """Hash a file only if its size or time changed since it was last known to be the one imported."""
        try:
            stat = status_of(clip.path)
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


def _made_name(clip: ClipAudio, gain: float) -> str:
    return f"{_span_name(clip)}{f'{gain:+.1f}dB' if gain else ''}"


def _worth_opus(clip: ClipAudio, itself: Playable | None) -> bool:
    """Whether the clip is made in a few seconds, and is large enough otherwise to be worth it."""
    if clip.duration > MOST_OPUS_SECONDS or not opus_is_there():
        return False
    if itself is None:
        return _wav_bytes(clip) * 8 > PLENTY * clip.duration
    return itself.media_type in _LOSSLESS and itself.path.stat().st_size * 8 > PLENTY * clip.duration


def _wav_bytes(clip: ClipAudio) -> int:
    return round(clip.duration * _wav_rate(clip) * 2) + 1024


def expected_bytes(clip: ClipAudio) -> int:
    """About how many bytes `AudioFiles.playable` will send; 0 if the file is missing."""
    if clip.whole and is_address(clip.path):
        return max(clip.size, 0)
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
    # Opened first: a writer of `wave` whose file cannot be opened complains once more when it is thrown away.
    with open(path, "wb") as raw, wave.open(raw, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        for block in decode_blocks(clip.path, start=clip.start, end=clip.end, sampling_rate=rate):
            file.writeframes((np.clip(block * factor, -1.0, 1.0) * 32767.0).round().astype("<i2").tobytes())
