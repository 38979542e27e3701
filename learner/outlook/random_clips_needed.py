"""How many more random clips the interval of the accuracy takes to become as narrow as somebody wants."""

from __future__ import annotations

import math

from db.reports import MoreClips
from learner.evaluation.accuracy import Accuracy
from learner.evaluation.intervals import posterior_bounds

WANTED = 0.05
"""Half of the width that is asked for: plus or minus five points."""


def more_random_clips(scored: Accuracy, *, speakers_half_width: float, slice_clips: int, left: int) -> MoreClips:
    """How many more clips of the random slice it takes.

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
    clips: int | None = None
    if half_width <= WANTED:
        clips = 0
    elif beyond < WANTED**2:
        needed = math.ceil(slice_clips * of_clips**2 / (WANTED**2 - beyond))
        clips = max(needed - slice_clips, 1)
    enough_left = clips is not None and clips <= left
    return MoreClips(wanted=WANTED, half_width=round(half_width, 4), clips=clips, enough_left=enough_left)
