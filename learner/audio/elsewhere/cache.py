"""Copies of objects on a disk of this machine, up to a size; what was used least recently goes first.

A folder an object, and in it one file a version. Its name holds the size and version of the object and the SHA-256 of its bytes,
so nothing has to be read to know them. Any number of processes may use the folder. A file appears whole or not at all, and one
that is removed while somebody reads it can be read to its end.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from learner.user_cache import user_cache

LIMIT_VARIABLE = "EARMARK_AUDIO_CACHE_GB"
_DEFAULT_GB = 20.0
_NAME = re.compile(r"(\d+)-(\d+)-([0-9a-f]{64})")
_SLACK = 20
"""A process counts the folder again after it has added a twentieth of the limit. What is freed goes down to four of these below
it, so that several processes at once stay below the limit."""


@dataclass(frozen=True)
class Kept:
    """A version of an object that is here."""

    path: Path
    size: int
    version: int
    content_hash: str


class ObjectCache:
    """The folder of copies."""

    def __init__(self, folder: Path, *, most_bytes: int) -> None:
        self._folder = folder
        self.most_bytes = most_bytes
        self._lock = threading.Lock()
        self._added = most_bytes
        """Bytes added since the folder was counted; at first it has not been."""

    def find(self, address: str, *, size: int | None = None, version: int | None = None) -> Kept | None:
        """The copy of this version, or of the newest that is here."""
        found: list[tuple[float, Kept]] = []
        with suppress(FileNotFoundError):
            for path in self._of(address).iterdir():
                name = _NAME.fullmatch(path.name)
                if name is not None and (version is None or (int(name[1]), int(name[2])) == (size, version)):
                    found.append((path.stat().st_mtime, Kept(path, int(name[1]), int(name[2]), name[3])))
        if not found:
            return None
        kept = max(found, key=lambda each: each[0])[1]
        with suppress(OSError):
            _mark_used(kept.path)
        return kept

    def add(self, address: str, *, size: int, version: int, write: Callable[[Path], None]) -> Kept:
        """Keep what `write` writes to the path that it gets.

        Raises:
            OSError: it cannot be written; or whatever `write` raises.
        """
        self._make_room(size)
        folder = self._of(address)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = folder / f".{uuid.uuid4().hex}.part"
        try:
            write(part)
            with part.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            path = folder / f"{size}-{version}-{digest}"
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
        for old in folder.iterdir():
            if old != path and _NAME.fullmatch(old.name):
                old.unlink(missing_ok=True)
        return Kept(path, size, version, digest)

    def forget(self, hashes: Collection[str]) -> int:
        """Remove every copy of these bytes; how many there were."""
        gone = 0
        for path in self._folder.glob("*/*/*") if hashes else ():
            name = _NAME.fullmatch(path.name)
            if name is not None and name[3] in hashes:
                path.unlink(missing_ok=True)
                gone += 1
        return gone

    def _of(self, address: str) -> Path:
        name = hashlib.sha256(address.encode()).hexdigest()
        return self._folder / name[:2] / name[2:34]

    def _make_room(self, size: int) -> None:
        with self._lock:
            self._added += size
            if self._added < self.most_bytes / _SLACK:
                return
            self._added = 0
            files = sorted((status.st_atime, status.st_size, path) for path, status in self._files())
            total = sum(each[1] for each in files) + size
            if total <= self.most_bytes * (1 - 2 / _SLACK):
                return
            for _, count, path in files:
                if total <= self.most_bytes * (1 - 4 / _SLACK):
                    return
                path.unlink(missing_ok=True)
                total -= count

    def _files(self) -> list[tuple[Path, os.stat_result]]:
        found = []
        for path in self._folder.glob("*/*/*"):
            with suppress(FileNotFoundError):
                found.append((path, path.stat()))
        return found


def object_cache() -> ObjectCache:
    """This user's cache: `audio` in the folder of `learner.user_cache`, up to as many GB as `EARMARK_AUDIO_CACHE_GB` says."""
    folder = user_cache() / "audio"
    text = os.environ.get(LIMIT_VARIABLE, "")
    try:
        gigabytes = float(text) if text else _DEFAULT_GB
    except ValueError:
        gigabytes = _DEFAULT_GB
    most = int(max(gigabytes, 0.001) * 1e9)
    with _LOCK:
        cache = _CACHES.get(folder)
        if cache is None or cache.most_bytes != most:
            cache = _CACHES[folder] = ObjectCache(folder, most_bytes=most)
        return cache


_LOCK = threading.Lock()
_CACHES: dict[Path, ObjectCache] = {}


def _mark_used(path: Path) -> None:
    """Note the time of use, also where the file system does not; that of change says which version is the newest."""
    os.utime(path, (time.time(), path.stat().st_mtime))
