"""Long clips are encoded window by window, so that memory does not grow with their length.

Windows overlap: each has samples of its own and, around them, context that the network may look at. A frame counts in the window
in whose own samples it begins; so every frame of the clip counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from learner.arrays import Waveform


@dataclass(frozen=True)
class Window:
    """A stretch of a clip."""

    samples: Waveform
    start: int
    """Its own samples are those from here ..."""
    end: int
    """... to before here; all of them to the end in the last window."""

    @property
    def own(self) -> int:
        """How many samples are its own."""
        return self.end - self.start

    @property
    def shape(self) -> tuple[int, int, int]:
        """Samples, start and end; windows of the same shape can be encoded at once."""
        return len(self.samples), self.start, self.end

    def frames(self, *, stride: int) -> slice:
        """Which frames count, when one begins every `stride` samples."""
        return slice(self.start // stride, None if self.end == len(self.samples) else self.end // stride)

    def halves(self, *, context: int, stride: int) -> tuple[Window, Window]:
        """The window in two halves, cut at a multiple of `stride`."""
        cut = self.start + self.own // 2 // stride * stride
        first = max(cut - context, 0) // stride * stride
        left = Window(self.samples[: cut + context], self.start, cut)
        return left, Window(self.samples[first:], cut - first, self.end - first)


def windows(blocks: Iterable[Waveform], *, size: int, least: int, context: int = 0) -> Iterator[Window]:
    """Cut a stream of blocks into windows of `size` samples of their own; a rest below `least` stays with the window before it.

    Where the cuts fall depends on the whole length only, never on how the stream was cut into blocks.

    Args:
        blocks: the samples of one clip.
        size: samples that a window owns.
        least: samples that the last window owns at least, unless the clip is shorter.
        context: samples before and after those; at the ends of the clip there are fewer.
    """
    held, at = np.zeros(0, np.float32), 0
    for block in blocks:
        held = np.concatenate([held, block]) if len(held) else block
        while len(held) >= at + size + max(least, context):
            yield Window(held[: at + size + context], at, at + size)
            drop = max(at + size - context, 0)
            held, at = held[drop:], at + size - drop
    while len(held) >= at + size + least:
        yield Window(held[: at + size + context], at, at + size)
        drop = max(at + size - context, 0)
        held, at = held[drop:], at + size - drop
    if len(held):
        yield Window(held, at, len(held))
