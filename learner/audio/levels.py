"""How loud the samples of a span are: whether they are clipped or silent, and which channels carry anything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from learner.arrays import Waveform
from learner.audio.channels import ChannelPowers, Mix

TOO_LOUD_SAMPLE = 10.0
"""Samples above this (20 dB over full scale) are a matter of wrong scaling; somewhat less is usual in files of floats."""
_FULL_SCALE = 0.999
"""Samples beyond this share of full scale are at its end: rounding and lossy formats leave less."""


@dataclass(frozen=True)
class Levels:
    """What was measured."""

    loudest: float
    """The largest sample, where 1 is full scale."""
    clipped: float
    """Share of the samples that are at full scale or beyond it, and whose next one is too: single ones are no clipping."""
    is_silent: bool
    """Whether no channel carries anything; a constant is not heard."""
    mix: Mix

    @property
    def is_too_loud(self) -> bool:
        """Whether the samples have a wrong scale."""
        return self.loudest > TOO_LOUD_SAMPLE

    def remarks(self) -> tuple[str, ...]:
        """Sentences on what somebody should know before the audio is used."""
        if not self.is_too_loud:
            return self.mix.remarks()
        too_loud = f"Its samples reach {self.loudest:.3g}, where 1 is full scale: players clip them to noise; scale them down."
        return (*self.mix.remarks(), too_loud)


class LevelMeter:
    """Measures a span that comes in blocks."""

    def __init__(self, channels: int) -> None:
        self._powers, self._loudest = ChannelPowers(channels), 0.0
        self._samples = self._clipped = 0

    def add(self, block: Waveform) -> None:
        """Take a block [n, channels] into account."""
        self._powers.add(block)
        loud = np.abs(block)
        self._loudest = max(self._loudest, float(loud.max()))
        self._samples += block.size
        if self._loudest >= _FULL_SCALE:
            at_end = loud >= _FULL_SCALE
            self._clipped += int((at_end[1:] & at_end[:-1]).sum())

    def levels(self) -> Levels:
        """What was measured until now."""
        clipped = self._clipped / max(self._samples, 1)
        return Levels(self._loudest, clipped, self._powers.is_silent, self._powers.mix())
