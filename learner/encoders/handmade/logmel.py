"""Log-mel means and deviations: the hand-made baseline that a learned encoder has to beat; numpy only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from db.errors import EncoderError
from learner.arrays import Float32Array
from learner.encoders.pooling import Moments, checked_pooling, pooled_width
from learner.encoders.windows import windows

_RATE, _WINDOW, _HOP, _BANDS = 16_000, 512, 160, 64


class LogMelEncoder:
    """64 bands from 60 to 7,800 Hz, 32-ms Hann windows every 10 ms, natural logarithm; pooled over time."""

    name = "logmel"
    revision = "logmel-1"
    sampling_rate = _RATE
    frame_spacing: tuple[float, int] | None = (_WINDOW / 2, _HOP)
    """Centre of the first frame and distance of frames, in samples."""
    remark: str | None = None

    def __init__(self, *, layers: str | None = None, pooling: str | None = None) -> None:
        if layers is not None:
            raise EncoderError(f"Encoder 'logmel' has no layers, so {layers!r} cannot be used; leave layers out.")
        self._pooling = checked_pooling(pooling or "mean+std")
        self._filters = mel_filters(bands=_BANDS, window=_WINDOW, sampling_rate=_RATE, low=60.0, high=7_800.0)
        self._taper = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)

    @property
    def dim(self) -> int:
        """128, or 64 for the mean alone."""
        return pooled_width(_BANDS, pooling=self._pooling)

    @property
    def settings(self) -> dict[str, Any]:
        """See `learner.encoders.base.Encoder`."""
        return {"encoder": self.name, "revision": self.revision, "layers": None, "pooling": self._pooling, "precision": "float32"}

    def encode(self, waveforms: Sequence[Float32Array]) -> Float32Array:
        """Vectors of shape [n, dim]."""
        return np.array([self.encode_stream([waveform]) for waveform in waveforms], np.float32).reshape(-1, self.dim)

    def encode_stream(self, blocks: Iterable[Float32Array]) -> Float32Array:
        """The vector [dim] of one clip."""
        moments = Moments()
        for window in windows(blocks, size=30 * _RATE, least=_RATE, context=5 * _HOP):
            moments.add(self._frames(window.samples)[window.frames(stride=_HOP)])
        return moments.pooled(self._pooling)

    def frames(self, waveforms: Sequence[Float32Array]) -> Float32Array:
        """Its bands by frame, [n, frames, 64], of waveforms of equal length."""
        return np.stack([self._frames(waveform) for waveform in waveforms])

    def _frames(self, waveform: Float32Array) -> Float32Array:
        padded = np.pad(waveform, (0, max(_WINDOW - len(waveform), 0)))
        frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP] * self._taper
        power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
        return np.asarray(np.log(power @ self._filters.T + 1e-6), np.float32)


def mel_filters(*, bands: int, window: int, sampling_rate: int, low: float, high: float) -> Float32Array:
    """Triangular filters [bands, window // 2 + 1] from `low` to `high` Hz, evenly spaced in mel (O'Shaughnessy 1987)."""
    mels = np.linspace(2595 * np.log10(1 + low / 700), 2595 * np.log10(1 + high / 700), bands + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    bins = np.fft.rfftfreq(window, 1 / sampling_rate)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.clip(np.minimum(rising, falling), 0, None).astype(np.float32)
