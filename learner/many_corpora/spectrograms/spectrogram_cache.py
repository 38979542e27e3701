"""Spectrograms of clips on disk."""

from __future__ import annotations

from pathlib import Path

from learner.arrays import Float16Array
from learner.corpora.clips import ProbeClip
from learner.encoders.corpora_model.log_mel import BANDS, HOP, RATE, SETTINGS, log_mel
from learner.encoders.runtime import user_cache
from learner.many_corpora.inputs.clip_cache import LIMIT, ClipCache, beginning_of

MOST_SECONDS = 300.0
"""Of a longer clip the beginning is looked at."""


class SpectrogramCache(ClipCache):
    """The folder of spectrograms [bands, frames]; the limit holds about 290 hours of audio."""

    def __init__(self, folder: Path | None = None, *, limit: int = LIMIT) -> None:
        """Without a folder, that in the user's cache."""
        super().__init__(folder or user_cache() / "spectrograms", limit=limit)

    @property
    def settings(self) -> str:
        """See `ClipCache`."""
        return SETTINGS

    @property
    def most_seconds(self) -> float:
        """See `ClipCache`."""
        return MOST_SECONDS

    def computed(self, clip: ProbeClip) -> tuple[Float16Array, bool]:
        """See `ClipCache`."""
        waveform, cut = beginning_of(clip, seconds=MOST_SECONDS, rate=RATE)
        return log_mel(waveform), cut

    def is_right(self, array: Float16Array) -> bool:
        """See `ClipCache`."""
        return bool(array.shape[0] == BANDS and array.shape[1] > 0)

    def is_cut(self, array: Float16Array) -> bool:
        """See `ClipCache`."""
        return bool(array.shape[1] > MOST_SECONDS * RATE // HOP)
