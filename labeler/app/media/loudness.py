"""How loud a clip is to the ear, and the gain that brings it to the level of all others.

Loudness after ITU-R BS.1770-4 (mono): mean square of blocks of 400 ms that overlap by three quarters, behind the K-weighting,
with the absolute gate at -70 LUFS and the relative one 10 LU below. The weighting is applied to the power spectrum of each block,
so that blocks of any sampling rate are weighted in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from db.records.clips import ClipAudio
from learner.arrays import Waveform
from learner.audio.decoding import decode_blocks

TARGET_LUFS = -23.0
"""EBU R 128."""
HIGHEST_PEAK = -1.0
"""The highest peak in dBFS that a gain may cause."""
MOST_GAIN = 30.0
"""The largest gain in dB, up or down. Fainter audio is silence, and more gain would only raise its noise."""
_ABSOLUTE_GATE, _RELATIVE_GATE = -70.0, -10.0
_OFFSET = -0.691
_SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
_HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
"""The standard's two filters at 48 kHz: feed-forward and feed-back coefficients."""
_HOPS_AT_ONCE = 600


@dataclass(frozen=True)
class Loudness:
    """Integrated loudness of a stretch of audio in LUFS (-inf for silence), and its highest sample in dBFS."""

    lufs: float
    peak: float

    @property
    def gain(self) -> float:
        """Decibels to add, rounded to a tenth; 0 for silence."""
        if not np.isfinite(self.lufs):
            return 0.0
        wanted = min(TARGET_LUFS - self.lufs, max(HIGHEST_PEAK - self.peak, 0.0))
        return round(float(np.clip(wanted, -MOST_GAIN, MOST_GAIN)), 1)


def clip_loudness(clip: ClipAudio, *, rate: int) -> Loudness:
    """The loudness of a clip, decoded at `rate` Hz; AudioError if it cannot be decoded."""
    return loudness(decode_blocks(clip.path, start=clip.start, end=clip.end, sampling_rate=rate), rate=rate)


def loudness(blocks: Iterator[Waveform], *, rate: int) -> Loudness:
    """The loudness of samples given in blocks of any length; memory does not grow with their number."""
    hop = max(rate // 10, 1)
    squares: list[NDArray[np.float64]] = []
    rest, peak = np.zeros(0, np.float32), 0.0
    for block in blocks:
        peak = max(peak, float(np.abs(block).max(initial=0.0)))
        rest = np.concatenate([rest, block])
        while len(rest) >= (_HOPS_AT_ONCE + 3) * hop:
            squares.append(_mean_squares(rest[: (_HOPS_AT_ONCE + 3) * hop], hop, rate))
            rest = rest[_HOPS_AT_ONCE * hop :]
    if len(rest) >= 4 * hop or (not squares and len(rest)):
        squares.append(_mean_squares(rest, hop, rate))
    return Loudness(_gated(np.concatenate(squares) if squares else np.zeros(0)), float(_decibels(np.square(peak))))


def _mean_squares(samples: Waveform, hop: int, rate: int) -> NDArray[np.float64]:
    """K-weighted mean square of each block; audio shorter than one block counts as one block."""
    size = min(4 * hop, len(samples))
    framed = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
    power = np.abs(np.fft.rfft(framed, axis=1)) ** 2
    sides = np.full(power.shape[1], 2.0)
    sides[0] = 1.0
    if size % 2 == 0:
        sides[-1] = 1.0
    weighted: NDArray[np.float64] = power @ (sides * _weighting(np.fft.rfftfreq(size, 1 / rate).astype(np.float64))) / size**2
    return weighted


def _weighting(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared magnitude of the K-weighting; above 24 kHz, where the standard's filters end, its value at 24 kHz."""
    turn = np.exp(-2j * np.pi * np.minimum(hertz, 24_000) / 48_000)
    response = np.ones_like(turn)
    for forward, back in (_SHELF, _HIGH_PASS):
        response *= np.polyval(forward[::-1], turn) / np.polyval(back[::-1], turn)
    return np.abs(response) ** 2


def _gated(squares: NDArray[np.float64]) -> float:
    loud = squares[_OFFSET + _decibels(squares) > _ABSOLUTE_GATE]
    if len(loud) == 0:
        return float("-inf")
    kept = loud[_decibels(loud) > _decibels(loud.mean()) + _RELATIVE_GATE]
    return float(_OFFSET + _decibels(kept.mean()))


def _decibels(squares: NDArray[np.float64] | np.float64 | float) -> NDArray[np.float64]:
    return np.asarray(10 * np.log10(np.maximum(squares, 1e-20)))
