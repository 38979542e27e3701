"""How much memory something takes, not counting mapped files."""

from __future__ import annotations

import re
import threading
from pathlib import Path


class Peak:
    """The most memory of this process within the `with` block, in MB, not counting mapped files."""

    def __enter__(self) -> Peak:
        self._before = self.most = _anonymous()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._done.wait(0.01):
            self.most = max(self.most, _anonymous())

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    @property
    def grown(self) -> float:
        """The growth since the block began, in MB."""
        return self.most - self._before


def _anonymous() -> float:
    found = re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) / 1024
