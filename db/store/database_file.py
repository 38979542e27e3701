"""Whether a SQLite database is still the file that was opened.

A file that was deleted, moved or replaced lives on without its name for those who have it open. What they write into it seems to
be stored, and is gone when they close it. So each transaction looks whether the path still leads to the same file, before it
begins and after it is committed. The same holds for the files beside it, in which SQLite keeps what was committed last: they are
there as long as any connection is open (https://www.sqlite.org/wal.html).
"""

from __future__ import annotations

import os

from db.errors import DatabaseGoneError

_BESIDE = ("-wal", "-shm")

Identity = tuple[int, int]
"""Device and number of a file: another file under the same name has others."""


class DatabaseFile:
    """The file of one SQLite engine, as its first connection found it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._opened: Identity | None = None

    def connected(self) -> dict[str, Identity]:
        """Note what a new connection has opened; returns its memory of the files beside it, for `check`.

        Raises:
            DatabaseGoneError: it is another file than the connections before it had.
        """
        self._opened = self._opened or _identity(self._path)
        self.check()
        return {}

    def check(self, beside: dict[str, Identity] | None = None) -> None:
        """Raise DatabaseGoneError unless the path still leads to the file that was opened.

        Args:
            beside: what `connected` returned for the connection that is used; files that are new to it are added.
        """
        if self._opened is None:
            return
        if _identity(self._path) != self._opened:
            raise DatabaseGoneError(
                "The project's database was deleted, moved or replaced while it was in use, so nothing can be saved; "
                "put it back, or start Earmark again."
            )
        if beside is None:
            return
        for end in _BESIDE:
            found = _identity(self._path + end)
            # SQLite makes these files when a connection first reads or writes.
            if found is not None and end not in beside:
                beside[end] = found
            if beside.get(end) != found:
                raise DatabaseGoneError(
                    f"A file of the project's database (its name ends in {end}) was deleted or moved while it was in use, so "
                    "nothing can be saved; stop Earmark and start it again."
                )


def _identity(path: str) -> Identity | None:
    """None where there is no such file, or it cannot be looked at."""
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
