"""How long something takes, in words that do not pretend to know it to the second."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """For example `about 3 minutes`."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"about {round(seconds / 10) * 10} seconds"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} minutes"
    return f"about {seconds / 3600:.0f} hours" if seconds < 36 * 3600 else f"about {seconds / 86400:.0f} days"


def time_left(seconds: float) -> str:
    """For example `About 3 minutes left.`"""
    words = duration(seconds)
    return f"{words[0].upper()}{words[1:]} left."
