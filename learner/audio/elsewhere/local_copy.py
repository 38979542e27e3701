"""From a clip's path to a file of this machine: the one place where audio elsewhere is fetched.

A path that is no address is what it is. An object is fetched once and kept (`cache`); its copy counts as long as the store states
the same size and version. Where the store cannot be reached, the copy counts too: it is what was fetched, and callers compare its
hash with that of the clip.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

from learner.audio.address import is_address
from learner.audio.elsewhere.cache import LIMIT_VARIABLE, Kept, object_cache
from learner.audio.elsewhere.failures import AudioUnreachable
from learner.audio.elsewhere.objects import ObjectStatus, fetch, status_of_object
from learner.audio.reader import AudioMissing, shown

TRUSTED_SECONDS = 30.0
"""How long a store is not asked again about an object."""
_MOST_REMEMBERED = 10_000
_ATTEMPTS = 3

_statuses: dict[str, tuple[float, ObjectStatus]] = {}
_turns = [threading.Lock() for _ in range(64)]
"""So that threads which want the same object fetch it once."""


def status_of(path: str | os.PathLike[str]) -> os.stat_result | ObjectStatus:
    """What `os.stat` gives, or what the store says of an object: its size, and a number for its version as time of change.

    Raises:
        OSError, ValueError: the file is not there, as `os.stat`.
        AudioMissing: the object is not there, or cannot be reached and no copy of it is here.
    """
    if not is_address(path):
        return os.stat(path)
    address = os.fspath(path)
    then, status = _statuses.get(address, (float("-inf"), None))
    if status is not None and time.monotonic() - then < TRUSTED_SECONDS:
        return status
    return _asked(address)


def local_copy(path: str | os.PathLike[str]) -> Kept:
    """The copy of an object, fetched if it is not here.

    Raises:
        AudioMissing: it is not there, cannot be reached, was changed while it was fetched, or there is no room for it.
    """
    address = os.fspath(path)
    try:
        with _turns[hash(address) % len(_turns)]:
            return _copied(address)
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        raise AudioMissing(f"{shown(address)} cannot be kept on this machine ({reason}); see EARMARK_CACHE.") from error
    except RuntimeError as error:
        raise AudioMissing("This user has no home folder to keep fetched audio in; name one in EARMARK_CACHE.") from error


def content_hash_of(path: str | os.PathLike[str]) -> str:
    """SHA-256 of an object's bytes, hexadecimal, as it was fetched; AudioMissing as `local_copy`."""
    return local_copy(path).content_hash


def forget_remembered() -> None:
    """Ask the stores again about every object."""
    _statuses.clear()


def _asked(address: str) -> ObjectStatus:
    try:
        status = status_of_object(address)
    except AudioUnreachable:
        kept = object_cache().find(address)
        if kept is None:
            raise
        # Remembered too: to wait for a network that is gone takes seconds, for each clip.
        status = ObjectStatus(kept.size, kept.version)
    if len(_statuses) >= _MOST_REMEMBERED:
        _statuses.clear()
    _statuses[address] = time.monotonic(), status
    return status


def _copied(address: str) -> Kept:
    cache = object_cache()
    for _ in range(_ATTEMPTS):
        status = status_of(address)
        kept = cache.find(address, size=status.st_size, version=status.st_mtime_ns)
        if kept is not None:
            return kept
        if status.st_size > cache.most_bytes * 0.8:
            raise AudioMissing(
                f"{shown(address)} is larger than the space for fetched audio; raise {LIMIT_VARIABLE} (in GB) and try again."
            )
        with suppress(_ChangedError):
            write = partial(_fetch, address, status)
            return cache.add(address, size=status.st_size, version=status.st_mtime_ns, write=write)
    raise AudioMissing(f"{shown(address)} was changed while it was fetched; try again once it is complete.")


def _fetch(address: str, status: os.stat_result | ObjectStatus, part: Path) -> None:
    part.touch(mode=0o600)
    fetch(address, part)
    _statuses.pop(address, None)
    # What was written while it changed is neither the old nor the new version.
    if status_of(address) != status or part.stat().st_size != status.st_size:
        raise _ChangedError


class _ChangedError(Exception):
    """An object has changed while it was fetched."""
