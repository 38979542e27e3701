"""Frames of an encoder's convolutions on disk: these stay frozen in every mode, so they are computed once."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np

from db.errors import AudioError
from learner.arrays import Float16Array
from learner.corpora.clips import ProbeClip
from learner.encoder_training.frames.convolutions import FrozenConvolutions
from learner.encoders.runtime import chosen_device, user_cache
from learner.encoders.wav2vec2.checkpoints import Checkpoint
from learner.many_corpora.inputs.clip_cache import LIMIT, ClipCache, beginning_of

MOST_SECONDS = 300.0
"""Of a longer clip the beginning is used."""
_BLOCK_SECONDS = 30
"""Convolved at once, so that memory does not grow with the length of a clip."""


class FrameCache(ClipCache):
    """The folder of frames [frames, channels]: 51 kB a second with 512 channels."""

    def __init__(
        self, checkpoint: Checkpoint, folder: Path | None = None, *, device: str | None = None, limit: int = LIMIT
    ) -> None:
        """Without a folder, that in the user's cache."""
        super().__init__(folder or user_cache() / "frames", limit=limit)
        self._checkpoint, self._asked = checkpoint, device
        self._channels = int(checkpoint.config.get("conv_dim", [512])[-1])

    @property
    def settings(self) -> str:
        """See `ClipCache`."""
        return f"frames-1 {self._checkpoint.revision} {_BLOCK_SECONDS} float16"

    @property
    def most_seconds(self) -> float:
        """See `ClipCache`."""
        return MOST_SECONDS

    def computed(self, clip: ProbeClip) -> tuple[Float16Array, bool]:
        """See `ClipCache`."""
        rate, shortest = self._checkpoint.sampling_rate, self._checkpoint.receptive_field
        waveform, cut = beginning_of(clip, seconds=MOST_SECONDS, rate=rate)
        gained = self._convolutions.gained(waveform)
        blocks = [gained[begin : begin + _BLOCK_SECONDS * rate] for begin in range(0, len(gained), _BLOCK_SECONDS * rate)]
        found = np.concatenate([self._convolutions.frames(block) for block in blocks if len(block) >= shortest])
        if not np.isfinite(found).all():
            raise AudioError(f"{clip.path} gives frames that are not numbers.")
        return found, cut

    def is_right(self, array: Float16Array) -> bool:
        """See `ClipCache`."""
        return bool(array.shape[1] == self._channels and array.shape[0] > 0)

    def is_cut(self, array: Float16Array) -> bool:
        """See `ClipCache`; a clip of exactly this length counts too."""
        return len(array) * self._checkpoint.stride >= (MOST_SECONDS - 1) * self._checkpoint.sampling_rate

    @cached_property
    def _convolutions(self) -> FrozenConvolutions:
        return FrozenConvolutions(self._checkpoint, device=chosen_device(self._asked))
