"""The shared network of a model of `earmark corpora` as an encoder of any audio.

Audio of no corpus gets the mean of the normalisations that the corpora had when the filters were trained: `earmark corpora add`
begins with the same one. What the network gives in the end is pooled over bands and time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from db.errors import EncoderError
from learner.arrays import Float32Array, Waveform
from learner.encoders.corpora_model.crops import windows as crop_windows
from learner.encoders.corpora_model.files import SharedFilters
from learner.encoders.corpora_model.log_mel import HOP, RATE, SETTINGS, frames_in, log_mel
from learner.encoders.memory import enough_memory
from learner.encoders.pooling import Moments, checked_pooling, pooled_width
from learner.encoders.runtime import chosen_device, release
from learner.encoders.windows import Window, windows

if TYPE_CHECKING:
    from learner.encoders.corpora_model.folded import FoldedNetwork

WINDOW_SECONDS = 30.0
"""Of a long clip; windows overlap by all that an output depends on, so that they change nothing."""


class CorporaModelEncoder:
    """The filters that a model's corpora share; its weights are loaded when it first encodes."""

    sampling_rate = RATE
    frame_spacing: tuple[float, int] | None = None

    def __init__(
        self, shared: SharedFilters, *, layers: str | None = None, pooling: str | None = None, device: str | None = None
    ) -> None:
        if layers is not None:
            raise EncoderError(
                f"Encoder {shared.name!r} gives its last layer only, so {layers!r} cannot be used; leave layers out."
            )
        self._shared, self._pooling, self._asked = shared, checked_pooling(pooling or "mean+std"), device

    @property
    def name(self) -> str:
        """The folder of the model, or of its run."""
        return self._shared.name

    @property
    def revision(self) -> str:
        """A hash of the filters and normalisations that are used."""
        return self._shared.revision

    @property
    def learned_from(self) -> frozenset[str]:
        """SHA-256 of the audio files whose labels it knows."""
        return self._shared.learned_from

    @property
    def remark(self) -> str | None:
        """Which run is used."""
        shared = self._shared
        if shared.runs == 1:
            return None
        other = 1 if shared.run > 1 else 2
        return (
            f"Run {shared.run} of the {shared.runs} of {shared.folder.parent} is used; "
            f"--encoder {shared.folder.with_name(f'run-{other}')} takes run {other}."
        )

    @cached_property
    def dim(self) -> int:
        """Channels of the last layer, twice with deviations."""
        return pooled_width(self._network.channels, pooling=self._pooling)

    @property
    def settings(self) -> dict[str, Any]:
        """See `learner.encoders.base.Encoder`."""
        return {
            "encoder": self.name,
            "origin": "folder",
            "revision": self.revision,
            "layers": None,
            "pooling": self._pooling,
            "spectrogram": SETTINGS,
            "normalisation": "mean of the corpora",
            "crop_seconds": self._shared.crop_seconds,
            "window_seconds": WINDOW_SECONDS,
            "precision": "float32",
            "torch": release("torch"),
        }

    def encode(self, waveforms: Sequence[Waveform]) -> Float32Array:
        """Vectors of shape [n, dim].

        Raises:
            EncoderError: the weights are damaged, or there is no memory for a window.
        """
        return np.array([self.encode_stream([waveform]) for waveform in waveforms], np.float32).reshape(-1, self.dim)

    def encode_stream(self, blocks: Iterable[Waveform]) -> Float32Array:
        """The vector [dim] of one clip; memory does not grow with its length.

        Raises:
            EncoderError: as `encode`.
        """
        moments, unit = Moments(), self._network.stride * HOP
        size = -(-frames_in(max(WINDOW_SECONDS, self._shared.crop_seconds)) // self._network.stride) * unit
        for window in windows(blocks, size=size, least=RATE, context=self._network.reach * HOP):
            moments.add(self._places(window)[window.frames(stride=unit)].reshape(-1, self._network.channels))
        return moments.pooled(self._pooling)

    def _places(self, window: Window) -> Float32Array:
        """The last layer by time and band, [frames, bands, channels]."""
        import torch

        frames, least = log_mel(window.samples), frames_in(self._shared.crop_seconds)
        is_short = window.own == len(window.samples) and frames.shape[1] < least
        # Short clips are repeated, as in training.
        spectrogram = crop_windows(frames, frames=least)[0] if is_short else frames.astype(np.float32)
        purpose = f"{self.name!r} to encode {WINDOW_SECONDS:.0f} s of audio"
        with enough_memory(purpose, device=self._device), torch.inference_mode():
            maps = self._network.maps(torch.from_numpy(spectrogram)[None].to(self._device))
            found: Float32Array = maps[0].permute(2, 1, 0).cpu().numpy()
        return found

    @cached_property
    def _device(self) -> str:
        return chosen_device(self._asked)

    @cached_property
    def _network(self) -> FoldedNetwork:
        network = self._shared.network()
        try:
            return network.to(self._device)
        except (RuntimeError, AssertionError) as error:
            raise EncoderError(f"Device {self._device!r} cannot be used for {self.name!r} ({error}); choose cpu.") from error
