"""Single values of what other tools write; each function gives None for what cannot be meant."""

from __future__ import annotations

import math
import uuid as uuids
from datetime import UTC, datetime
from typing import Any

_LATEST = 253_402_300_799.0
"""The end of the year 9999."""


def label_in(value: Any) -> str | None:
    """A label: a text without surrounding space, or a number as text."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return str(value).strip() or None


def seconds_in(value: Any) -> float | None:
    """A length of time in seconds."""
    number = _number(value)
    return number if number is not None and number >= 0 else None


def count_in(value: Any) -> int | None:
    """A number of times."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


def score_in(value: Any) -> float | None:
    """A probability."""
    number = _number(value)
    return number if number is not None and 0 <= number <= 1 else None


def text_in(value: Any) -> str | None:
    """A text that is not blank."""
    return value if isinstance(value, str) and value.strip() else None


def moment_in(value: Any) -> float | None:
    """A time in ISO 8601 (in UTC unless it has an offset), or in seconds since 1970, as seconds since 1970."""
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value.strip())
            moment = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return None
    else:
        number = _number(value)
        if number is None:
            return None
        moment = number
    return moment if 0 <= moment <= _LATEST else None


def uuid_in(value: Any) -> str | None:
    """A UUID in its usual form."""
    try:
        return str(uuids.UUID(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
