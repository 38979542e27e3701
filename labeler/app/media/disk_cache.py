"""Files that can be made again, kept in the project's cache folder up to a size."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from db.store.files import remove_leftovers, whole

_YOUNG_SECONDS = 600
"""A file used this recently may be on its way to a browser and is never removed."""
_PRUNE_EVERY = 32


class DiskCache:
    """A folder of finished files; when it exceeds its limit, the least recently used files are removed first."""

    def __init__(self, folder: Path, *, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._made = 0
        self._locks = [threading.Lock() for _ in range(32)]
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder)

    def file(self, name: str, make: Callable[[Path], None]) -> Path:
        """The cached file `name`, made by `make(path)` if it is missing; it gets its name only when it is complete."""
        path = self._folder / name
        with self._locks[hash(name) % len(self._locks)]:
            if path.is_file():
                os.utime(path)
                return path
            with whole(path, durable=False) as part:
                make(part)
        self._made += 1
        if self._made % _PRUNE_EVERY == 1:
            self.prune()
        return path

    def prune(self) -> None:
        """Remove the least recently used files until the folder is within its limit."""
        files = sorted(((stat.st_mtime, stat.st_size, path) for path, stat in self._stats()), reverse=True)
        total = 0
        for used_at, size, path in files:
            total += size
            if total > self._most_bytes and used_at < time.time() - _YOUNG_SECONDS:
                path.unlink(missing_ok=True)

    def _stats(self) -> list[tuple[Path, os.stat_result]]:
        found = []
        for path in self._folder.iterdir():
            try:
                found.append((path, path.stat()))
            except FileNotFoundError:  # Another thread pruned it.
                continue
        return found
