"""How recordings are to be cut, as options give it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from db.errors import FormatError
from learner.audio.decoding import MINIMUM_SECONDS

WINDOWS, PAUSES = "windows", "pauses"
LONGEST, SHORTEST = 10.0, 0.5
"""Defaults in seconds."""
_LEAST, _MOST = 0.1, 3600.0


@dataclass(frozen=True)
class Segmentation:
    """Windows of `longest` seconds, or speech cut at pauses into pieces of at most `longest` seconds."""

    at_pauses: bool
    longest: float
    shortest: float


def segmentation_of(segment: str | None, *, longest: float | None = None, shortest: float | None = None) -> Segmentation | None:
    """Read the options; None if nothing is to be cut.

    Args:
        segment: `windows:SECONDS` or `pauses`.
        longest: seconds of a piece at most, for `pauses`.
        shortest: seconds of a piece at least.

    Raises:
        FormatError: the options make no sense.
    """
    if segment is None:
        if longest is not None or shortest is not None:
            raise FormatError("--longest and --shortest are for cutting; give --segment windows:SECONDS or --segment pauses too.")
        return None
    kind, colon, number = segment.partition(":")
    if kind == WINDOWS and colon:
        if longest is not None:
            raise FormatError("Windows have one length, which --segment windows:SECONDS gives; leave --longest out.")
        seconds = _number(number)
    elif segment == PAUSES:
        seconds = LONGEST if longest is None else longest
    else:
        raise FormatError(f"--segment {segment!r} is not known; give windows:SECONDS, such as windows:10, or pauses.")
    if not _LEAST <= seconds <= _MOST:
        raise FormatError(f"A piece of {seconds:g} s makes no sense; give {_LEAST:g} to {_MOST:g} seconds.")
    least = min(SHORTEST, seconds) if shortest is None else shortest
    if not MINIMUM_SECONDS <= least <= seconds:
        raise FormatError(f"--shortest {least:g} makes no sense; give {MINIMUM_SECONDS:g} to {seconds:g} seconds.")
    return Segmentation(kind == PAUSES, seconds, least)


def _number(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise FormatError(f"{text!r} is no number of seconds; write --segment windows:10.")
    return found
