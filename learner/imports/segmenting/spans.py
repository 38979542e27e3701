"""Where recordings are cut: pure functions of lengths and of stretches of speech, all in seconds."""

from __future__ import annotations

import math
from collections.abc import Sequence

Span = tuple[float, float]
"""Start and end in seconds."""

LONGEST_PAUSE = 1.0
"""A longer pause always ends a clip: silence in a clip costs the annotators' time."""
PADDING = 0.1
"""Around speech, since detectors miss quiet beginnings and ends."""


def windows(duration: float, *, seconds: float, shortest: float) -> list[Span]:
    """A recording in windows of equal length; what is left at the end is the last one, or part of it if it is short.

    Args:
        duration: of the recording.
        seconds: length of a window.
        shortest: a rest that is shorter than this makes the last window longer.
    """
    count = max(1, math.ceil(duration / seconds - 1e-9))
    if count > 1 and duration - (count - 1) * seconds < shortest:
        count -= 1
    starts = [_rounded(number * seconds) for number in range(count)]
    return list(zip(starts, [*starts[1:], duration], strict=True))


def pieces(speech: Sequence[Span], *, duration: float, longest: float, shortest: float) -> list[Span]:
    """Stretches of speech, joined as long as they fit, with a little of what is around them.

    Neighbours are joined over pauses of up to `LONGEST_PAUSE`. A stretch that is too long without a pause is cut into
    equal parts.

    Args:
        speech: in order, without overlaps.
        duration: of the recording.
        longest: no piece is longer than this.
        shortest: shorter pieces are left out.
    """
    joined: list[Span] = []
    for start, end in (part for stretch in speech for part in _parts(stretch, longest - 2 * PADDING)):
        if joined and start - joined[-1][1] <= LONGEST_PAUSE and end - joined[-1][0] <= longest - 2 * PADDING:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    padded = []
    for number, (start, end) in enumerate(joined):
        # Neighbours share the pause between them, so that nothing is in two clips.
        before = joined[number - 1][1] if number else -math.inf
        after = joined[number + 1][0] if number + 1 < len(joined) else math.inf
        first = max(0.0, start - min(PADDING, (start - before) / 2))
        padded.append((_rounded(first), _rounded(min(duration, end + min(PADDING, (after - end) / 2)))))
    return [(start, end) for start, end in padded if end - start >= shortest - 1e-9]


def _parts(stretch: Span, longest: float) -> list[Span]:
    start, end = stretch
    count = max(1, math.ceil((end - start) / longest - 1e-9))
    cuts = [start + (end - start) * number / count for number in range(count)]
    return list(zip(cuts, [*cuts[1:], end], strict=True))


def _rounded(seconds: float) -> float:
    """To milliseconds, so that the same recording always gets the same spans."""
    return round(seconds, 3)
