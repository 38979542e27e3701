"""What a stretch of speech sounds like, measured by hand: targets to learn, as in PASE (Pascual et al. 2019).

A frame is 10 ms. Frame descriptors are log-mel bands, pitch, voicing, level, and the centre, tilt and flux of the spectrum;
clip descriptors are statistics of these, of cepstra and of their movement, over all frames and over the voiced ones, in the
spirit of eGeMAPS (Eyben et al. 2016).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from learner.encoders.handmade.logmel import mel_filters

if TYPE_CHECKING:
    import torch

SAMPLING_RATE = 16_000
HOP = 160
BANDS, CEPSTRA = 40, 20
_WINDOW, _PITCH_WINDOW = 400, 640
_LOWEST, _HIGHEST = 60.0, 600.0
"""Pitch in Hz."""
_VOICED = 0.5
"""Least height of the autocorrelation's peak in a frame that counts as voiced."""


class Descriptors:
    """Frame and clip descriptors of batches of equally long waveforms; holds its tables."""

    def __init__(self) -> None:
        import torch

        filters = mel_filters(bands=BANDS, window=512, sampling_rate=SAMPLING_RATE, low=60.0, high=7_800.0)
        self._filters = torch.from_numpy(filters.T.copy())
        self._taper = torch.hann_window(_WINDOW)
        self._pitch_taper = torch.hann_window(_PITCH_WINDOW)
        index = np.arange(BANDS)
        dct = np.cos(math.pi / BANDS * (index[:, None] + 0.5) * np.arange(1, CEPSTRA + 1)) * math.sqrt(2 / BANDS)
        self._dct = torch.from_numpy(dct.astype(np.float32))
        slope = np.linspace(-1, 1, BANDS, dtype=np.float32)
        self._slope = torch.from_numpy(slope / float(np.square(slope).sum()))
        self._hertz = torch.from_numpy(np.fft.rfftfreq(512, 1 / SAMPLING_RATE).astype(np.float32))

    def frames(self, waveforms: torch.Tensor) -> torch.Tensor:
        """[n, frames, BANDS + 6] of waveforms [n, samples]: log-mel, then pitch, voicing, level, centre, tilt, flux."""
        import torch

        centred = torch.nn.functional.pad(waveforms, (_PITCH_WINDOW // 2, _PITCH_WINDOW // 2))
        long = centred.unfold(1, _PITCH_WINDOW, HOP)
        inner = (_PITCH_WINDOW - _WINDOW) // 2
        power = torch.fft.rfft(long[..., inner : inner + _WINDOW] * self._taper, n=512).abs().square()
        mel = torch.log(power @ self._filters + 1e-6)
        level = torch.log(power.sum(dim=2) + 1e-6)
        pitch, voicing = self._pitch(long)
        weights = power / (power.sum(dim=2, keepdim=True) + 1e-9)
        centre = torch.log((weights * self._hertz).sum(dim=2) + 50.0)
        tilt = (mel - mel.mean(dim=2, keepdim=True)) @ self._slope
        flux = torch.nn.functional.pad((mel[:, 1:] - mel[:, :-1]).abs().mean(dim=2), (1, 0))
        return torch.cat([mel, torch.stack([pitch, voicing, level, centre, tilt, flux], dim=2)], dim=2)

    def _pitch(self, long: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Log2 of pitch over 100 Hz (0: unvoiced) and the autocorrelation's peak, each [n, frames] (Boersma 1993)."""
        import torch

        tapered = (long - long.mean(dim=2, keepdim=True)) * self._pitch_taper
        size = 2 * _PITCH_WINDOW
        raw = torch.fft.irfft(torch.fft.rfft(tapered, n=size).abs().square(), n=size)[..., :_PITCH_WINDOW]
        own = torch.fft.irfft(torch.fft.rfft(self._pitch_taper, n=size).abs().square(), n=size)[:_PITCH_WINDOW]
        first, last = int(SAMPLING_RATE / _HIGHEST), int(SAMPLING_RATE / _LOWEST)
        height = raw[..., : last + 1] / (raw[..., :1] + 1e-8) / (own[: last + 1] / own[0])
        # Short lags get a small bonus: otherwise the octave below wins as often.
        lags = torch.arange(first, last + 1)
        favoured = height[..., first:] - 0.04 * torch.log2(lags / first)
        lag = favoured.argmax(dim=2) + first
        voicing = height.gather(2, lag[..., None])[..., 0].clamp(0, 1)
        pitch = torch.log2(SAMPLING_RATE / lag / 100.0)
        return torch.where(voicing > _VOICED, pitch, torch.zeros_like(pitch)), voicing

    def clips(self, frames: torch.Tensor) -> torch.Tensor:
        """[n, width] statistics of what `frames` gives."""
        import torch

        mel, single = frames[..., :BANDS], frames[..., BANDS:]
        cepstra = mel @ self._dct
        voiced = (single[..., 1] > _VOICED).float()
        everywhere = torch.ones_like(voiced)
        moving = single.clone()
        # Pitch moves only within voiced stretches.
        both = voiced[:, 1:] * voiced[:, :-1]
        steps = (moving[:, 1:] - moving[:, :-1]).abs()
        parts = [
            *_moments(mel, everywhere),
            *_moments(cepstra, everywhere),
            *_moments(cepstra, voiced),
            *_moments(cepstra[:, 2:] - cepstra[:, :-2], everywhere)[1:],
            *_moments(single[..., 1:], everywhere),
            *_moments(single, voiced),
            _quantiles(single[..., 1:]),
            _voiced_quantiles(single[..., 0], voiced),
            (steps * both[..., None]).sum(dim=1) / (both.sum(dim=1, keepdim=True) + 1),
            steps[..., 1:].mean(dim=1),
            voiced.mean(dim=1, keepdim=True),
            # Voiced stretches per frame: close to syllables per second.
            (voiced[:, 1:] > voiced[:, :-1]).float().mean(dim=1, keepdim=True),
            _rhythm(single[..., 2]),
        ]
        return torch.cat(parts, dim=1)


def _moments(values: torch.Tensor, weights: torch.Tensor) -> list[torch.Tensor]:
    """Mean and standard deviation over the frames, weighted; zeros without weight."""
    total = weights.sum(dim=1).clamp(min=1)[:, None]
    mean = (values * weights[..., None][:, : values.shape[1]]).sum(dim=1) / total
    gone = ((values - mean[:, None]).square() * weights[..., None][:, : values.shape[1]]).sum(dim=1) / total
    return [mean, (gone + 1e-8).sqrt()]


def _quantiles(values: torch.Tensor) -> torch.Tensor:
    import torch

    found = torch.quantile(values, torch.tensor([0.05, 0.2, 0.5, 0.8, 0.95]), dim=1)
    return found.permute(1, 0, 2).flatten(1)


def _voiced_quantiles(pitch: torch.Tensor, voiced: torch.Tensor) -> torch.Tensor:
    """[n, 5] quantiles of the voiced frames' pitch; zeros where there is none."""
    import torch

    hidden = torch.where(voiced > 0, pitch, torch.full_like(pitch, math.nan))
    return torch.nanquantile(hidden, torch.tensor([0.05, 0.2, 0.5, 0.8, 0.95]), dim=1).T.nan_to_num(0.0)


def _rhythm(level: torch.Tensor) -> torch.Tensor:
    """[n, 8] share of the level's movement at 1, 2, … 8 Hz or so: the modulation spectrum."""
    import torch

    spectrum = torch.fft.rfft(level - level.mean(dim=1, keepdim=True), n=256).abs()
    bands = spectrum[:, 2:26].reshape(len(level), 8, 3).mean(dim=2)
    return torch.log(bands + 1.0)
