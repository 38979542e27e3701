"""A lock file: one process at a time holds it, and the system lets go of it when that process dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from db.errors import EarmarkError

SERVE_LOCK, LEARNER_LOCK, EMBED_LOCK = "serve.lock", "learner.lock", "features/embed.lock"
FINETUNE_LOCK = "finetune.lock"
SETTINGS_LOCK = "cache/settings.lock"
"""The lock files of a project, in its directory: of `earmark serve`, of the learner, of whoever writes features, of a
fine-tuning, and of whoever changes the settings file."""


@contextmanager
def locked(path: Path, *, refused: Callable[[str], EarmarkError], shared: bool = False) -> Iterator[None]:
    """Hold the lock of this file, which is made if it is not there and stays; it holds the number of the newest owner.

    Args:
        shared: hold it together with others who share it.
        refused: given the process number of the owner ("unknown" if it has not written it yet), the error to raise.

    Raises:
        EarmarkError: what `refused` has made, if another process holds the lock.
    """
    opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(opened, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise refused(os.read(opened, 32).decode(errors="replace").strip() or "unknown") from error
        # On a full disk the number cannot be written, and the lock holds all the same.
        with suppress(OSError):
            os.ftruncate(opened, 0)
            os.pwrite(opened, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(opened)


@contextmanager
def wait_for(path: Path) -> Iterator[None]:
    """Hold the lock of this file as soon as nobody else holds it; for work that takes a moment."""
    path.parent.mkdir(exist_ok=True)
    opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)
