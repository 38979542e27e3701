"""Which open tab holds which lease. A lease of one's own is no obstacle once no other tab holds it, as after a browser's crash.

A tab is named by its Streamlit session. A crash ends its connection, so Streamlit knows at once that the session is not connected
any more; a tab that is merely idle stays connected. What is known here lasts as long as the app's process. A lease of which
nothing is known counts as held, until a tab says so or the lease ends.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

from streamlit import runtime

_MOST = 20_000
"""Leases that are remembered, the newest."""
_ON_ITS_WAY = 10.0
"""Seconds for which a question of a tab may arrive that was sent before its page went."""


def is_connected(tab: str) -> bool:
    """Whether Streamlit has a connection to this tab; True where no Streamlit runs."""
    return not runtime.exists() or runtime.get_instance().is_active_session(tab)


class Tabs:
    """The tab that holds each lease."""

    def __init__(self, is_open: Callable[[str], bool] | None = None) -> None:
        self._is_open = is_open or is_connected
        self._holders: dict[int, str] = {}
        self._left: dict[str, float] = {}
        self._lock = threading.Lock()

    def holds(self, tab: str | None, lease_ids: Collection[int]) -> None:
        """Remember that this tab holds these leases."""
        if not tab:
            return
        with self._lock:
            for lease in lease_ids:
                self._holders.pop(lease, None)
                self._holders[lease] = tab
            while len(self._holders) > _MOST:
                del self._holders[next(iter(self._holders))]

    def leaves(self, tab: str | None) -> list[int]:
        """The page of this tab goes; all the leases that it holds, also those that it never received."""
        if not tab:
            return []
        now = time.monotonic()
        with self._lock:
            self._left = {name: at for name, at in self._left.items() if now - at < _ON_ITS_WAY}
            self._left[tab] = now
            return [lease for lease, holder in self._holders.items() if holder == tab]

    def has_left(self, tab: str | None) -> bool:
        """Whether the page of this tab went a moment ago, so that nobody receives what it still asks for."""
        with self._lock:
            return tab is not None and time.monotonic() - self._left.get(tab, -_ON_ITS_WAY) < _ON_ITS_WAY

    def abandoned(self, tab: str | None, lease_ids: Collection[int]) -> list[int]:
        """Those of the leases that another tab held which is closed."""
        return [lease for lease in lease_ids if (holder := self._other(tab, lease)) and not self._is_open(holder)]

    def own(self, tab: str | None, lease_ids: Collection[int]) -> list[int]:
        """The leases without those that another open tab holds: a tab that was duplicated names the leases of the first one."""
        return [lease for lease in lease_ids if not ((holder := self._other(tab, lease)) and self._is_open(holder))]

    def _other(self, tab: str | None, lease: int) -> str | None:
        with self._lock:
            holder = self._holders.get(lease)
        return None if holder == tab else holder
