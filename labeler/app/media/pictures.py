"""The picture of a clip: waveform above, log-mel spectrogram below.

Audio comes in blocks, and each is drawn into the columns it covers. So a two-hour clip takes no more memory than a short one.
The waveform has a transparent background, which suits light and dark pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from db.records.clips import ClipAudio
from labeler.app.media.disk_cache import DiskCache
from learner.arrays import Float32Array
from learner.audio.decoding import decode_blocks

RATE = 16_000
COLUMNS = 1200
WAVE_ROWS, MEL_ROWS = 96, 208
MEL_BANDS = 72
LOWEST_HZ = 50.0
_SHORTEST_FFT, _LONGEST_FFT = 64, 512
_FRAMES_A_COLUMN = 3
_BLOCK_SAMPLES = 1 << 20
_DECIBELS = 65.0
"""Range shown, from the loudest band of the clip down."""
MOST_BYTES = 1 << 20
"""More than any picture takes."""
_FORMAT = 1
"""Part of the names of cached files; raise it when pictures change."""

_ANCHORS = ("#0b1026", "#1d2a5e", "#3b3f93", "#7a3f9d", "#b8458c", "#e8636b", "#f99a5b", "#fdd07a", "#fff6cf")
"""Dark to light in even steps of lightness; distinguishable without red-green vision."""
_LEVELS = 248
_WAVE, _AXIS, _CLEAR = 253, 254, 255


class Pictures:
    """Pictures of clips, drawn once and kept on disk."""

    def __init__(self, folder: Path, *, most_bytes: int = 512 << 20) -> None:
        self.cache = DiskCache(folder, most_bytes=most_bytes)

    def picture(self, clip: ClipAudio) -> Path:
        """A PNG file of the clip; AudioError if it cannot be decoded, NoRoomError if the cache has no room."""
        name = f"{clip.content_hash}-{round(clip.start * 1000)}-{round(clip.end * 1000)}-{_FORMAT}.png"
        return self.cache.file(name, lambda path: _draw_clip(clip, path), most=MOST_BYTES)


def _draw_clip(clip: ClipAudio, path: Path) -> None:
    blocks = decode_blocks(clip.path, start=clip.start, end=clip.end, sampling_rate=RATE)
    draw(blocks, samples=max(round(clip.duration * RATE), 1)).save(path, format="PNG", compress_level=3)


def draw(blocks: Iterator[Float32Array], *, samples: int) -> Image.Image:
    """The picture of about `samples` samples at 16 kHz, given in blocks of any length."""
    columns = min(COLUMNS, max(samples // 16, 2))
    edges = np.linspace(0, samples, columns + 1).round().astype(np.int64)
    low, high = np.zeros(columns, np.float32), np.zeros(columns, np.float32)
    bands = np.zeros((MEL_BANDS, columns), np.float32)
    per_block = max(int(_BLOCK_SAMPLES * columns // samples), 1)
    waiting = _Reblocked(blocks)
    for first in range(0, columns, per_block):
        last = min(first + per_block, columns)
        part = waiting.take(int(edges[last] - edges[first]))
        inside = edges[first:last] - edges[first]
        low[first:last] = np.minimum.reduceat(part, inside)
        high[first:last] = np.maximum.reduceat(part, inside)
        bands[:, first:last] = _mel_columns(part, inside, int(edges[first + 1] - edges[first]))
    return _painted(low, high, bands)


class _Reblocked:
    """Returns exactly as many samples as requested; silence after the end of the audio."""

    def __init__(self, blocks: Iterator[Float32Array]) -> None:
        self._blocks = blocks
        self._rest: list[Float32Array] = []

    def take(self, count: int) -> Float32Array:
        have = sum(len(block) for block in self._rest)
        while have < count:
            block = next(self._blocks, None)
            if block is None:
                block = np.zeros(count - have, np.float32)
            self._rest.append(block)
            have += len(block)
        joined = np.concatenate(self._rest)
        self._rest = [joined[count:]]
        return joined[:count]


def _mel_columns(samples: Float32Array, starts: NDArray[np.int64], width: int) -> Float32Array:
    """Mel power per column, averaged over up to three windows in each."""
    size = int(np.clip(1 << max(len(samples), 2).bit_length() - 1, _SHORTEST_FFT, _LONGEST_FFT))
    frames = min(max(width // size, 1), _FRAMES_A_COLUMN)
    padded = np.pad(samples, size)
    window: Float32Array = np.hanning(size).astype(np.float32)
    powers = []
    for number in range(frames):
        centres = starts + size + int(width * (number + 0.5) / frames)
        spectrum = np.fft.rfft(padded[(centres - size // 2)[:, None] + np.arange(size)] * window, axis=1)
        powers.append(np.abs(spectrum) ** 2)
    mel: Float32Array = _mel_filters(size) @ np.mean(powers, axis=0, dtype=np.float32).T
    return mel


@cache
def _mel_filters(size: int) -> Float32Array:
    """Triangles of equal width on the mel scale (2595 log10(1 + f/700)), shape [bands, size // 2 + 1]."""
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    ends = 2595 * np.log10(1 + np.array([LOWEST_HZ, RATE / 2]) / 700)
    points = 700 * (10 ** (np.linspace(ends[0], ends[1], MEL_BANDS + 2) / 2595) - 1)
    left, centre, right = points[:-2, None], points[1:-1, None], points[2:, None]
    # At low frequencies a triangle may fall between two bins, so it is widened to reach one.
    step = RATE / size
    rising = (hertz - np.minimum(left, centre - step)) / np.maximum(centre - left, step)
    falling = (np.maximum(right, centre + step) - hertz) / np.maximum(right - centre, step)
    filters: Float32Array = np.clip(np.minimum(rising, falling), 0, None).astype(np.float32)
    return filters


def _painted(low: Float32Array, high: Float32Array, bands: Float32Array) -> Image.Image:
    decibels = 10 * np.log10(np.maximum(bands, 1e-10))
    top = max(float(decibels.max()), -40.0)  # A silent clip stays dark instead of showing its rounding noise.
    shades = np.clip((decibels - top) / _DECIBELS + 1, 0, 1) * (_LEVELS - 1)
    mel = Image.fromarray(shades[::-1].astype(np.uint8), "L").resize((COLUMNS, MEL_ROWS), Image.Resampling.BICUBIC)
    pixels = np.full((WAVE_ROWS + MEL_ROWS, COLUMNS), _CLEAR, np.uint8)
    pixels[WAVE_ROWS:] = np.minimum(np.asarray(mel), _LEVELS - 1)
    pixels[:WAVE_ROWS] = _wave(low, high)
    image = Image.fromarray(pixels, "P")
    image.putpalette(_palette().tobytes())
    image.info["transparency"] = _CLEAR
    return image


def _wave(low: Float32Array, high: Float32Array) -> NDArray[np.uint8]:
    """Peaks per column, scaled to the loudest, about a thin middle line."""
    stretched = np.linspace(0, len(low) - 1, COLUMNS).round().astype(np.int64)
    loudest = max(float(np.abs(low).max()), float(np.abs(high).max()), 1e-3)
    middle = (WAVE_ROWS - 8) / 2
    rows = np.arange(WAVE_ROWS)[:, None]
    above = middle - high[stretched] / loudest * middle
    below = middle - low[stretched] / loudest * middle
    inside = (rows >= above - 0.5) & (rows <= below + 0.5)
    pixels = np.full((WAVE_ROWS, COLUMNS), _CLEAR, np.uint8)
    pixels[int(middle)] = _AXIS
    pixels[inside] = _WAVE
    return pixels


@cache
def _palette() -> NDArray[np.uint8]:
    """256 colours: the shades of the spectrogram, then those of the waveform."""
    anchors = np.array([[int(text[i : i + 2], 16) for i in (1, 3, 5)] for text in _ANCHORS], np.float64)
    places = np.linspace(0, len(anchors) - 1, _LEVELS)
    colours = np.zeros((256, 3), np.uint8)
    for channel in range(3):
        colours[:_LEVELS, channel] = np.interp(places, np.arange(len(anchors)), anchors[:, channel]).round()
    colours[_WAVE], colours[_AXIS] = (74, 131, 196), (128, 146, 170)
    return colours
