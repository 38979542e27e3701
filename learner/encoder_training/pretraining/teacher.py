"""BYOL-S (Scheidwasser et al. 2022, SERAB; MIT licence), a public self-supervised speech encoder, as a teacher.

A small convolutional network over log-mel frames; the clip's embedding is the maximum plus the mean over time (512 values).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from db.errors import EncoderError
from learner.encoders.handmade.logmel import mel_filters

if TYPE_CHECKING:
    import torch

_BANDS, _WINDOW, _HOP = 64, 1024, 160


class Teacher:
    """The network with its input statistics; these belong to the speech it teaches from, and are measured once."""

    def __init__(self, path: Path) -> None:
        """Load the published state dict.

        Raises:
            EncoderError: the file is missing or is not such a state dict.
        """
        import torch

        self._net = _network()
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            self._net.load_state_dict(
                {name: weights for name, weights in state.items() if name.split(".")[0] in {"features", "fc"}}
            )
        except Exception as error:
            raise EncoderError(
                f"Teacher {str(path)!r} cannot be loaded ({type(error).__name__}); give the state dict of BYOL-S (512 values)."
            ) from error
        self._net.eval()
        filters = mel_filters(bands=_BANDS, window=_WINDOW, sampling_rate=16_000, low=60.0, high=7_800.0)
        self._filters = torch.from_numpy(filters)
        self._taper = torch.hann_window(_WINDOW)

    def mel(self, waveforms: torch.Tensor) -> torch.Tensor:
        """Log-mel pictures [n, 64, frames] of waveforms [n, samples]."""
        import torch

        spectrum = torch.stft(waveforms, _WINDOW, _HOP, window=self._taper, return_complex=True, pad_mode="reflect")
        return torch.log(self._filters @ spectrum.abs().square() + torch.finfo(torch.float32).eps)

    def embeddings(self, waveforms: torch.Tensor, *, mean: float, scale: float) -> torch.Tensor:
        """[n, 512] for waveforms [n, samples] at 16 kHz, their log-mel standardised with these statistics."""
        import torch

        with torch.inference_mode():
            x = self._net["features"](((self.mel(waveforms) - mean) / scale)[:, None])
            flat = x.permute(0, 3, 2, 1).flatten(2)
            frames = self._net["fc"](flat)
            pooled: torch.Tensor = frames.amax(dim=1) + frames.mean(dim=1)
        return pooled


def _network() -> Any:
    from torch import nn

    def block(channels: int) -> list[nn.Module]:
        return [nn.Conv2d(channels, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2, 2)]

    return nn.ModuleDict(
        {
            "features": nn.Sequential(*block(1), *block(64), *block(64)),
            "fc": nn.Sequential(nn.Linear(512, 512), nn.ReLU(), nn.Dropout(0.3), nn.Linear(512, 512), nn.ReLU()),
        }
    )
