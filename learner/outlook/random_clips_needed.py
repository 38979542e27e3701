"""How many more random clips the interval of the accuracy takes to become as narrow as somebody wants."""

from __future__ import annotations

import math
from typing import Any

from learner.evaluation.accuracy import Accuracy
from learner.evaluation.intervals import posterior_bounds

WANTED = 0.05
"""Half of the width that is asked for: plus or minus five points."""


def more_random_clips(scored: Accuracy, *, speakers_half_width: float, slice_clips: int, left: int) -> dict[str, Any]:
    """What is told, as JSON values.

    Keys: `wanted` (half width), `half_width` (now), `clips` (more random clips, 0 if it is narrow enough, None if no number of
    clips will do), `enough_left` (whether the pool has so many).

    What comes from few clips shrinks with their root; what speakers differ by beyond that does not.

    Args:
        speakers_half_width: what `SpeakerResamples.half_width` says.
        slice_clips: in the slice now.
        left: clips of the pool outside the slice.
    """
    half_width = (scored.ua.high - scored.ua.low) / 2
    low, high = posterior_bounds(scored.right, scored.clips)
    of_clips = (high - low) / 2
    beyond = max(speakers_half_width**2 - of_clips**2, 0.0)
    told: dict[str, Any] = {"wanted": WANTED, "half_width": round(half_width, 4), "clips": None, "enough_left": False}
    if half_width <= WANTED:
        return {**told, "clips": 0, "enough_left": True}
    if beyond >= WANTED**2:
        return told
    needed = math.ceil(slice_clips * of_clips**2 / (WANTED**2 - beyond))
    clips = max(needed - slice_clips, 1)
    return {**told, "clips": clips, "enough_left": clips <= left}
