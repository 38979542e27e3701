"""From several channels to one: their mean, unless this would lose what a person hears.

Two cases do: channels that carry nothing make the mean quiet, and channels of opposite phase cancel out. Both are decided on the
whole span, so that its level never changes within it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learner.arrays import Int64Array, Waveform

_SILENT = 1e-6
"""A channel of less than this share of the loudest one's power (-60 dB) carries nothing."""
_NOTHING = 1e-14
"""Power below which all channels carry nothing (-140 dB of full scale); rounding leaves as much."""
_CANCELLED = 0.01
"""A mean of less than this share of its channels' power is what is left of opposite phases. Independent channels leave 1 / n."""
_HELD_SAMPLES = 1 << 22
"""Spans of at most this many samples over all channels (16 MB) are decoded once, and longer ones twice."""


@dataclass(frozen=True)
class Mix:
    """Which channels of a span are averaged."""

    channels: int
    used: Int64Array
    """Their indices, counted from 0."""
    cancelled: bool = False
    """Whether only the loudest one is used, because they cancel out."""

    def mono(self, block: Waveform) -> Waveform:
        """One channel [n] of a block [n, channels]."""
        chosen = block if len(self.used) == self.channels else block[:, self.used]
        mixed: Waveform = chosen[:, 0] if chosen.shape[1] == 1 else chosen.mean(axis=1, dtype=np.float32)
        return mixed

    def remarks(self) -> tuple[str, ...]:
        """Sentences on channels that are left out."""
        if self.cancelled:
            only = int(self.used[0]) + 1
            return (f"Its channels cancel each other out (opposite phase), so only the loudest, channel {only}, is used.",)
        silent = self.channels - len(self.used)
        if silent:
            verb = "is silent and is" if silent == 1 else "are silent and are"
            return (f"{silent} of its {self.channels} channels {verb} left out.",)
        return ()


class ChannelPowers:
    """Variances and covariances of the channels of a span that comes in blocks. Variances, since a constant is not heard."""

    def __init__(self, channels: int) -> None:
        self._count = 0
        self._sums = np.zeros(channels)
        self._products = np.zeros((channels, channels))

    def add(self, block: Waveform) -> None:
        """Take a block [n, channels] into account."""
        samples = block.astype(np.float64)
        self._count += len(samples)
        self._sums += samples.sum(axis=0)
        self._products += samples.T @ samples

    @property
    def is_silent(self) -> bool:
        """Whether no channel carries anything."""
        return bool(self._covariances().diagonal().max() < _NOTHING)

    def mix(self) -> Mix:
        """What to average."""
        channels = len(self._sums)
        covariances = self._covariances()
        powers = covariances.diagonal()
        used = np.flatnonzero(powers > _SILENT * powers.max())
        if powers.max() < _NOTHING:
            return Mix(channels, np.arange(channels))
        of_mean = covariances[np.ix_(used, used)].mean()
        if of_mean < _CANCELLED * powers[used].mean():
            return Mix(channels, np.array([powers.argmax()]), cancelled=True)
        return Mix(channels, used)

    def _covariances(self) -> NDArray[np.float64]:
        means = self._sums / max(self._count, 1)
        covariances: NDArray[np.float64] = self._products / max(self._count, 1) - np.outer(means, means)
        return covariances


def mono_blocks(read: Callable[[], Iterator[Waveform]], *, channels: int) -> Iterator[Waveform]:
    """Blocks [n] of one channel, from blocks [n, channels].

    Args:
        read: yields the blocks of the span; it is called a second time if the span is long.
        channels: how many there are.
    """
    if channels == 1:
        yield from (block[:, 0] for block in read())
        return
    powers, held, samples = ChannelPowers(channels), [], 0
    for block in read():
        powers.add(block)
        samples += block.size
        if samples <= _HELD_SAMPLES:
            held.append(block)
        else:
            held.clear()
    mix = powers.mix()
    for block in held if samples <= _HELD_SAMPLES else read():
        yield mix.mono(block)
