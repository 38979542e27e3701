"""How many more random clips it takes until the interval of the accuracy is narrow enough."""

from __future__ import annotations

import math

from db.reports import MoreClips
from learner.evaluation.accuracy import Accuracy
from learner.evaluation.intervals import posterior_bounds

WANTED = 0.05
"""Half of the wanted width: plus or minus five points."""


def more_random_clips(scored: Accuracy, *, speakers_half_width: float, slice_clips: int, left: int) -> MoreClips:
    """How many more clips of the random slice it takes.

    The part of the width that comes from few clips shrinks with their square root; the part that comes from differences between
    speakers does not.

    Args:
        speakers_half_width: from `SpeakerResamples.half_width`.
        slice_clips: in the slice now.
        left: clips of the pool outside the slice.
    """
    half_width = (scored.ua.high - scored.ua.low) / 2
    low, high = posterior_bounds(scored.right, scored.clips)
    of_clips = (high - low) / 2
    beyond = max(speakers_half_width**2 - of_clips**2, 0.0)
    clips: int | None = None
    if half_width <= WANTED:
        clips = 0
    elif beyond < WANTED**2:
        needed = math.ceil(slice_clips * of_clips**2 / (WANTED**2 - beyond))
        clips = max(needed - slice_clips, 1)
    enough_left = clips is not None and clips <= left
    return MoreClips(wanted=WANTED, half_width=round(half_width, 4), clips=clips, enough_left=enough_left)
