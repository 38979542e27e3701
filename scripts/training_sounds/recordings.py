"""Recordings of every kind made alike: 16 kHz, one channel, no silence at the ends, and none that is empty or distorted."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

SAMPLING_RATE = 16_000
_FRAME = 320
_SHORTEST = 0.15
"""Seconds: a click is no utterance."""
_QUIETEST = 1e-3
_CLIPPED = 0.02
"""Share of the samples at full scale from which on a recording counts as distorted."""
_ALONE = 2.5
"""Seconds from which on a recording stands alone. Shorter ones of a voice are joined, or a training crop would repeat them."""
_JOINED = 6.0

_RAW_KEYS = ("samplerate", "channels", "format", "subtype")
_RAW = {".gsm": (8000, 1, "RAW", "GSM610"), ".als": (11_025, 1, "RAW", "PCM_U8")}
"""Files without a header, by their endings: telephone prompts, and Drascula's speech."""

Samples = NDArray[np.float32]


class UnfitError(Exception):
    """A recording that is not used, with the reason in one word."""


def recording(content: bytes, path: str, *, most_seconds: float) -> Samples:
    """The samples [n] of a file's content at 16 kHz, at most the middle `most_seconds` of it.

    Raises:
        UnfitError: it cannot be decoded, or it is short, quiet or clipped.
    """
    samples, rate = _decoded(content, path)
    if rate < 8000:
        raise UnfitError("telegraphic")
    most = int(most_seconds * rate)
    if len(samples) > most:
        start = (len(samples) - most) // 2
        samples = samples[start : start + most]
    mono = samples.mean(axis=1, dtype=np.float32)
    if not np.isfinite(mono).all():
        raise UnfitError("undecodable")
    if np.mean(np.abs(samples) > 0.985) > _CLIPPED:
        raise UnfitError("clipped")
    without_offset = mono - mono.mean()
    trimmed = without_silent_ends(np.asarray(soxr.resample(without_offset, rate, SAMPLING_RATE), np.float32))
    if len(trimmed) < _SHORTEST * SAMPLING_RATE:
        raise UnfitError("short")
    if np.sqrt(np.mean(np.square(trimmed))) < _QUIETEST:
        raise UnfitError("quiet")
    return trimmed


def _decoded(content: bytes, path: str) -> tuple[Samples, int]:
    ending = next((ending for ending in _RAW if path.lower().endswith(ending)), "")
    raw = dict(zip(_RAW_KEYS, _RAW[ending], strict=True)) if ending else {}
    try:
        samples, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True, **raw)
    except (soundfile.LibsndfileError, RuntimeError, ValueError) as error:
        raise UnfitError("undecodable") from error
    if not len(samples):
        raise UnfitError("short")
    return samples, rate


def without_silent_ends(samples: Samples) -> Samples:
    """The samples between the first and the last 20 ms that are less than 45 dB below the loudest ones."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    if not len(frames):
        return samples
    power = np.mean(np.square(frames), axis=1)
    loud = np.flatnonzero(power > power.max() * 10**-4.5)
    if not len(loud):
        return samples[:0]
    return samples[loud[0] * _FRAME : (loud[-1] + 1) * _FRAME]


class Joiner:
    """Joins the short recordings of each voice to pieces of about six seconds, with short pauses between them."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Samples]] = {}
        self._rng = np.random.default_rng(18)

    def add(self, voice: str, samples: Samples) -> Iterator[Samples]:
        """The pieces [n] that are ready with this recording: itself if it is long enough, or it with others of its voice."""
        if len(samples) >= _ALONE * SAMPLING_RATE:
            yield samples
            return
        waiting = self._waiting.setdefault(voice, [])
        waiting.append(samples)
        if sum(map(len, waiting)) >= _JOINED * SAMPLING_RATE:
            yield self._joined(self._waiting.pop(voice))

    def rest(self) -> Iterator[tuple[str, Samples]]:
        """Voice and piece [n] of what still waits."""
        for voice, waiting in self._waiting.items():
            if sum(map(len, waiting)) >= 0.5 * SAMPLING_RATE:
                yield voice, self._joined(waiting)
        self._waiting = {}

    def _joined(self, parts: list[Samples]) -> Samples:
        pauses = [np.zeros(int(self._rng.uniform(0.1, 0.35) * SAMPLING_RATE), np.float32) for _ in parts]
        return np.concatenate([piece for pair in zip(parts, pauses, strict=True) for piece in pair][:-1])
