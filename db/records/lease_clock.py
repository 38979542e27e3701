"""The clock by which leases end: it goes forward steadily, whatever becomes of the computer's clock.

The computer's clock is set from outside: by NTP, by hand, by a virtual machine that wakes. By such a clock, leases would end an
hour early or an hour late. So the wall clock is read once, when the process starts; from then on, only the seconds that pass are
added. Leases of an earlier process, which had another clock, are cut to a usual length: see `db.records.leases.cut_long_leases`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


def steady_seconds() -> float:
    """Seconds since some fixed moment, those of a suspended computer included where the system counts them (Linux does)."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class LeaseClock:
    """Seconds since 1970 by the wall clock at the first moment, and steadily onwards from there; never back."""

    def __init__(self, *, wall: Callable[[], float] = time.time, steady: Callable[[], float] = steady_seconds) -> None:
        self._steady = steady
        self._offset = wall() - steady()
        self._newest = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """The time now."""
        with self._lock:
            # Tools that fake the time for tests fake the steady clock too.
            self._newest = max(self._newest, self._offset + self._steady())
            return self._newest


lease_time = LeaseClock()
"""The clock of this process."""
