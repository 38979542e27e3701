"""Long clips are encoded window by window, so that memory does not grow with their length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray


def windows(blocks: Iterable[NDArray[np.float32]], *, size: int, least: int) -> Iterator[NDArray[np.float32]]:
    """Cut a stream of blocks into windows of `size` samples; a rest shorter than `least` stays with the window before it.

    Where the cuts fall depends on the whole length only, never on how the stream was cut into blocks.
    """
    held: list[NDArray[np.float32]] = []
    length = 0
    for block in blocks:
        held.append(block)
        length += len(block)
        if length >= size + least:
            joined = np.concatenate(held)
            while len(joined) >= size + least:
                yield joined[:size]
                joined = joined[size:]
            held, length = [joined], len(joined)
    if length:
        yield held[0] if len(held) == 1 else np.concatenate(held)
