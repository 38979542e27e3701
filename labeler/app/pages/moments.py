"""Moments as the reader's own clock shows them."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import time as clock_time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st


def reader_zone() -> tzinfo:
    """The time zone of the reader's browser; UTC where it gives none that is known here."""
    try:
        name = st.context.timezone
        return UTC if not name else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def clock(at: float) -> str:
    """For example `12:01`."""
    return _local(at).strftime("%H:%M")


def day(at: float) -> str:
    """For example `2026-03-04`."""
    return _local(at).strftime("%Y-%m-%d")


def moment(at: float) -> str:
    """For example `2026-03-04 12:01`."""
    return f"{day(at)} {clock(at)}"


def today_or_moment(at: float) -> str:
    """Only the time, if it is of today."""
    return clock(at) if day(at) == day(time.time()) else moment(at)


def stretch(since: float, until: float) -> str:
    """For example `2026-03-04, 12:01–12:20`, or only one time if both are of the same minute."""
    if day(since) != day(until):
        return f"{day(since)}, {clock(since)} – {day(until)}, {clock(until)}"
    return f"{day(since)}, {clock(since)}" if clock(since) == clock(until) else f"{day(since)}, {clock(since)}–{clock(until)}"


def seconds_at(when: date, at: clock_time) -> float:
    """Seconds since 1970 of a day and a time on the reader's clock."""
    return datetime.combine(when, at, reader_zone()).timestamp()


def limits_of(when: date) -> tuple[float, float]:
    """Beginning and end of a day on the reader's clock."""
    return seconds_at(when, clock_time()), seconds_at(when + timedelta(days=1), clock_time()) - 1e-3


def _local(at: float) -> datetime:
    return datetime.fromtimestamp(at, reader_zone())
