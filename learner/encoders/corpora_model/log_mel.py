"""Log-mel spectrograms of EmoNet: 16 kHz, windows of 1024 samples every 512, 128 mel bands of 20-8000 Hz, natural logarithm."""

from __future__ import annotations

from functools import cache

import numpy as np

from learner.arrays import Float16Array, Float32Array, Waveform
from learner.encoders.handmade.logmel import mel_filters

RATE, WINDOW, HOP, BANDS = 16_000, 1024, 512, 128
LOW, HIGH = 20.0, 8_000.0
FLOOR = 1e-6
"""Is added to the power of a band, where 1 is full scale: below it there is only the noise of a recording."""
SETTINGS = f"log-mel-1 {RATE} {WINDOW} {HOP} {BANDS} {LOW} {HIGH} {FLOOR} float16"
"""Changes with everything that a spectrogram depends on besides its waveform."""
_AT_ONCE = 4096
"""Frames; so that five minutes take no more memory than two."""


def frames_in(seconds: float) -> int:
    """How many frames so many seconds have."""
    return max(1, round(seconds * RATE / HOP))


def log_mel(waveform: Waveform) -> Float16Array:
    """The spectrogram [bands, frames] of a waveform at 16 kHz; frames are centred, so any length gives one at least.

    Values lie between log(FLOOR), about -14, and about 12; float16 keeps them to a hundredth.
    """
    filters, taper = _tables()
    frames = 1 + len(waveform) // HOP
    padded = np.pad(waveform, (WINDOW // 2, WINDOW))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:frames]
    found = [
        np.log(np.abs(np.fft.rfft(windows[begin : begin + _AT_ONCE] * taper, axis=1)) ** 2 @ filters.T + FLOOR)
        for begin in range(0, frames, _AT_ONCE)
    ]
    return np.ascontiguousarray(np.concatenate(found).T, dtype=np.float16)


@cache
def _tables() -> tuple[Float32Array, Float32Array]:
    filters = mel_filters(bands=BANDS, window=WINDOW, sampling_rate=RATE, low=LOW, high=HIGH)
    return filters, np.hanning(WINDOW + 1)[:-1].astype(np.float32)
