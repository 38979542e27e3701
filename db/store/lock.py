"""A lock file: one process at a time holds it, and the system lets go of it when that process dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from db.errors import EarmarkError


@contextmanager
def locked(path: Path, *, refused: Callable[[str], EarmarkError]) -> Iterator[None]:
    """Hold the lock of this file, which is made if it is not there and stays; it holds the number of the newest owner.

    Args:
        refused: given the process number of the owner ("unknown" if it has not written it yet), the error to raise.

    Raises:
        EarmarkError: what `refused` has made, if another process holds the lock.
    """
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise refused(file.read().strip() or "unknown") from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
