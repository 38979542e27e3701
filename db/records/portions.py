"""Many ids in several statements: databases limit how many one statement may have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

MOST_PARAMETERS = 500
Item = TypeVar("Item")


def portions(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """The items in order, at most `MOST_PARAMETERS` at a time."""
    return (items[start : start + MOST_PARAMETERS] for start in range(0, len(items), MOST_PARAMETERS))
