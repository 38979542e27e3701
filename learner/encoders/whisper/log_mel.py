"""The log-mel spectrogram that Whisper takes (Radford et al. 2023), for clips of any length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from learner.arrays import Float32Array

if TYPE_CHECKING:
    from torch import Tensor

_HIGHEST = 8_000.0
"""Hz: the upper end of the highest band, whatever the sampling rate."""
_KNEE, _STEP = 1_000.0, 200 / 3
"""Hz where Slaney's mel scale turns from linear to logarithmic, and Hz a mel below that."""
_FLOOR, _RANGE = 1e-10, 8.0
"""Smallest power, and how far (in powers of ten) a clip reaches below its loudest value."""


@dataclass(frozen=True)
class LogMel:
    """The front end of one checkpoint."""

    bands: int = 80
    window: int = 400
    hop: int = 160
    sampling_rate: int = 16_000

    def filters(self) -> Float32Array:
        """Triangular filters [window // 2 + 1, bands] of equal area, evenly spaced on Slaney's mel scale from 0 to 8,000 Hz."""
        bins = np.linspace(0, self.sampling_rate / 2, self.window // 2 + 1)
        edges = _hertz(np.linspace(0, _mel(_HIGHEST), self.bands + 2))
        rising = (bins[:, None] - edges[:-2]) / np.diff(edges)[:-1]
        falling = (edges[2:] - bins[:, None]) / np.diff(edges)[1:]
        area = 2 / (edges[2:] - edges[:-2])
        return (np.clip(np.minimum(rising, falling), 0, None) * area).astype(np.float32)

    def __call__(self, waveforms: Tensor, filters: Tensor) -> Tensor:
        """[n, frames, bands] for waveforms [n, samples], at least a window long: one frame for every whole hop.

        Args:
            filters: those of `filters`, on the device of the waveforms.
        """
        import torch

        taper = torch.hann_window(self.window, device=waveforms.device)
        spectrum = torch.stft(waveforms, self.window, self.hop, window=taper, return_complex=True)[..., :-1]
        power = (spectrum.real.square() + spectrum.imag.square()).transpose(1, 2)
        found = (power @ filters).clamp(min=_FLOOR).log10()
        loudest = found.amax(dim=(1, 2), keepdim=True)
        return (torch.maximum(found, loudest - _RANGE) + 4) / 4


def _mel(hertz: float) -> float:
    return float(hertz / _STEP if hertz < _KNEE else _KNEE / _STEP + np.log(hertz / _KNEE) * 27 / np.log(6.4))


def _hertz(mels: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    knee = _KNEE / _STEP
    return np.where(mels < knee, mels * _STEP, _KNEE * np.exp((mels - knee) * np.log(6.4) / 27))
