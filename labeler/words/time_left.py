"""How long something still takes, in words that do not pretend to know it to the second."""

from __future__ import annotations


def time_left(seconds: float) -> str:
    """For example `About 3 minutes left.`"""
    if seconds < 10:
        return "A few seconds left."
    if seconds < 90:
        return f"About {round(seconds / 10) * 10} seconds left."
    if seconds < 90 * 60:
        return f"About {round(seconds / 60)} minutes left."
    return f"About {seconds / 3600:.0f} hours left." if seconds < 36 * 3600 else f"About {seconds / 86400:.0f} days left."
