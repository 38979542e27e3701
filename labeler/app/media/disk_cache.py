"""Files that can be made again, kept in the project's cache folder up to a size.

The size holds while files are made too: room for a file is freed before it is made, and what finds no room is refused.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from db.errors import EarmarkError
from db.store.files import remove_leftovers, whole


class TooLargeError(EarmarkError):
    """A file is larger than the whole cache, so it will never be made."""


class NoRoomError(EarmarkError):
    """There is no room for a file at the moment: all that is cached is being made or sent."""


class DiskCache:
    """A folder of finished files; when it exceeds its limit, the least recently used files are removed first.

    Only one process may write to the folder; its threads may use one object together.
    """

    def __init__(self, folder: Path, *, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        """Held for the books only, never while a file is made."""
        self._making: dict[str, threading.Lock] = {}
        self._promised: Counter[str] = Counter()
        """By name: bytes kept free for what is being made."""
        self._held: Counter[str] = Counter()
        """By name: how often a file is being sent."""
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder)
        self._bytes = sum(stat.st_size for _, stat in self._stats())

    def file(self, name: str, make: Callable[[Path], None], *, most: int = 0) -> Path:
        """The cached file `name`, made by `make(path)` if it is missing; it gets its name only when it is complete.

        Args:
            most: bytes that the file will take at most; they are freed before it is made.

        Raises:
            TooLargeError: the file does not fit into the cache.
            NoRoomError: it does not fit at the moment.
        """
        path = self._folder / name
        with self._lock:
            making = self._making.setdefault(name, threading.Lock())
        with making:
            try:
                if path.is_file():
                    _used(path)
                    return path
                with self._room(name, most):
                    with whole(path, durable=False) as part:
                        make(part)
                    self._enter(path)
            finally:
                with self._lock:
                    self._making.pop(name, None)
        return path

    def hold(self, path: Path) -> bool:
        """Keep a cached file until `release`, since it is being sent; False if it has been removed in the meantime."""
        with self._lock:
            if path.parent != self._folder:
                return True
            if not path.is_file():
                return False
            self._held[path.name] += 1
            return True

    def release(self, path: Path) -> None:
        """The end of a `hold`."""
        with self._lock:
            if path.parent == self._folder:
                self._held -= Counter([path.name])

    def prune(self) -> None:
        """Remove the least recently used files until the folder is within its limit."""
        with self._lock:
            self._free(self._promised.total())

    @contextmanager
    def _room(self, name: str, most: int) -> Iterator[None]:
        if most > self._most_bytes:
            raise TooLargeError(f"{_size(most)} do not fit into the cache of {_size(self._most_bytes)}; import shorter spans.")
        with self._lock:
            promised = self._promised.total() + most
            self._free(promised)
            if most and self._bytes + promised > self._most_bytes:
                raise NoRoomError(
                    f"The cache of {_size(self._most_bytes)} is full of files that are being sent or made; try again in a minute."
                )
            self._promised[name] = most
        try:
            yield
        finally:
            with self._lock:
                self._promised.pop(name, None)

    def _enter(self, path: Path) -> None:
        with self._lock:
            self._promised.pop(name := path.name, None)
            self._bytes += path.stat().st_size
            # It has just been made for somebody, who has not had the time to hold it.
            self._free(self._promised.total(), spare=name)

    def _free(self, promised: int, *, spare: str = "") -> None:
        """Remove old files until `promised` bytes are free; the caller has the lock."""
        if self._bytes + promised <= self._most_bytes:
            return
        files = sorted((stat.st_atime, stat.st_size, path) for path, stat in self._stats())
        self._bytes = sum(size for _, size, _ in files)
        for _, size, path in files:
            if self._bytes + promised <= self._most_bytes:
                return
            if path.name != spare and path.name not in self._held:
                path.unlink(missing_ok=True)
                self._bytes -= size

    def _stats(self) -> list[tuple[Path, os.stat_result]]:
        found = []
        for path in self._folder.iterdir():
            try:
                if not path.name.startswith("."):
                    found.append((path, path.stat()))
            except FileNotFoundError:  # Somebody cleared the folder.
                continue
        return found


def _used(path: Path) -> None:
    """Note the time of use. That of change stays, since browsers that fetch a file in parts compare it."""
    os.utime(path, (time.time(), path.stat().st_mtime))


def _size(count: int) -> str:
    return f"{count / (1 << 30):.1f} GiB" if count >= 1 << 30 else f"{max(count >> 20, 1)} MiB"
