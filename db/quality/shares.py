"""A share, with its 95% interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

Z = 1.959964
"""The normal distribution's 97.5% point."""


@dataclass(frozen=True)
class Share:
    """So many of so many, as a share of 0 to 1 with its interval."""

    hits: float
    of: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """The share itself; None of nothing."""
        return self.hits / self.of if self.of else None


def share_of(hits: float, of: int) -> Share:
    """With Wilson's interval (Wilson 1927, *Probable inference*), which also holds for few and for shares near 0 or 1.

    Args:
        hits: how many; also a sum of parts of 0 to 1, for which the interval is too wide rather than too narrow.
        of: of how many; of none, nothing is known.
    """
    if of <= 0:
        return Share(0.0, 0, 0.0, 1.0)
    share, spread = hits / of, Z * Z / of
    middle = (share + spread / 2) / (1 + spread)
    half = Z * math.sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    return Share(hits, of, max(min(middle - half, share), 0.0), min(max(middle + half, share), 1.0))


def apart(one: Share, other: Share) -> bool:
    """Whether the intervals have nothing in common."""
    return one.high < other.low or other.high < one.low
