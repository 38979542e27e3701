"""Times in tables: numbers of seconds, milliseconds or samples, or times as a clock shows them."""

from __future__ import annotations

import enum
import math
import re
from typing import Any

_CLOCK = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,4}):([0-9]{1,2}(?:[.,][0-9]+)?)")


class TimesIn(enum.StrEnum):
    """What the times of a table are given in."""

    SECONDS = "seconds"
    MILLISECONDS = "milliseconds"
    SAMPLES = "samples"
    """Numbers of samples of the file, at its own sampling rate."""
    CLOCK = "clock"
    """`hours:minutes:seconds` or `minutes:seconds`; a number without a colon is seconds."""


class TimeProblemError(Exception):
    """A value that is no time; the message says what to give instead."""


def time_of(value: Any, times_in: TimesIn = TimesIn.SECONDS, *, decimal_comma: bool = False) -> float | None:
    """The time in seconds (for samples their number), 0 or more; None for a blank.

    Args:
        value: a text or number, as it stands in the table.
        times_in: what it is given in.
        decimal_comma: whether `1,5` is a number.

    Raises:
        TimeProblemError: it is no such time.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    clock = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if clock and times_in == TimesIn.CLOCK:
        return _of_clock(clock)
    unit = TimesIn.SECONDS if times_in == TimesIn.CLOCK else times_in
    try:
        number = _number(value, decimal_comma=decimal_comma)
    except (ValueError, TypeError, OverflowError):
        raise TimeProblemError(f"give {unit} as a number") from None
    if not math.isfinite(number) or number < 0:
        raise TimeProblemError(f"give {unit}, 0 or more")
    # -0.0 becomes 0.0
    return (number / 1000 if times_in == TimesIn.MILLISECONDS else number) + 0.0


def is_clock_time(value: Any) -> bool:
    """Whether it is a time as a clock shows it: with a colon before the seconds."""
    return isinstance(value, str) and _CLOCK.fullmatch(value.strip()) is not None


def _of_clock(clock: re.Match[str]) -> float:
    hours, minutes, seconds = int(clock[1] or 0), int(clock[2]), float(clock[3].replace(",", "."))
    if seconds >= 60 or (clock[1] and minutes >= 60):
        raise TimeProblemError("give hours:minutes:seconds, with less than 60 minutes and 60 seconds")
    return hours * 3600 + minutes * 60 + seconds


def _number(value: Any, *, decimal_comma: bool) -> float:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError
    if isinstance(value, str):
        # Python's own notation 1_000 is none that people write; in a table it is a slip.
        if "_" in value:
            raise ValueError
        if decimal_comma and "." not in value and value.count(",") == 1:
            value = value.replace(",", ".")
    return float(value)
