"""What a failure of the database or of a file means, and what helps: one table for commands, learner, supervisor and app.

SQLite's codes: https://www.sqlite.org/rescode.html. PostgreSQL's: https://www.postgresql.org/docs/current/errcodes-appendix.html.
"""

from __future__ import annotations

import enum
import errno
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

STORE_ERRORS = (DBAPIError, PoolTimeout, sqlite3.Error, OSError)
"""What may be raised when something is kept or read; `failure_of` explains each."""
_LITTLE = 128 * 1024
"""A disk with fewer bytes left is full: SQLite's smallest files need a quarter of it."""
_DATABASE_FILE = "earmark_database_file"


class Kind(enum.Enum):
    """What can be wrong: in words, with `{place}` for what it concerns, and what helps."""

    FULL = "The disk of {place} is full", "make room on it, then try again"
    READ_ONLY = "The disk of {place} is read-only", "make it writable (the system makes a disk with errors read-only)"
    NOT_ALLOWED = "This user has no permission to use {place}", "change the owner or the permissions of it and of its files"
    DISK_FAILS = (
        "The disk of {place} reports an error",
        "look into the system's log, and copy the project to another disk",
    )
    GONE = "The file or folder of {place} is no longer there", "bring it back to its place, then start Earmark again"
    DAMAGED = "The database of {place} is damaged", "stop Earmark, keep a copy of the file, and restore the newest backup"
    BUSY = "Another program keeps the database of {place} locked", "wait until it is done or end it, then try again"
    CANNOT_OPEN = "The database of {place} cannot be opened", "check that its file can be read and written"
    TOO_LARGE = "A file of {place} would be larger than this user may write", "raise the limit (ulimit -f), then try again"
    TOO_MANY_FILES = "This process has as many files open as it may", "raise the limit (ulimit -n), then try again"
    NO_MEMORY = "The memory of this machine is used up", "end other programs, then try again"
    NO_CONNECTION = "The database had no free connection in time", "try again when less is going on"
    SERVER_FULL = "The disk of the PostgreSQL server is full", "make room on it, then try again"
    SERVER_SHORT = "The PostgreSQL server has no memory or no connection left", "raise its limits or end programs that use it"
    SERVER_AWAY = "The PostgreSQL server cannot be reached", "check that it is running and that database_url names it correctly"
    SERVER_STOPPING = "The PostgreSQL server is stopping or starting", "try again when it is running"
    SERVER_STOPPED_IT = "The PostgreSQL server ended a statement that took long", "raise its statement_timeout, then try again"
    SERVER_READ_ONLY = "The PostgreSQL server accepts no changes", "use the primary server, or allow changes on this one"
    SERVER_BUSY = "Another transaction on the PostgreSQL server was in the way", "try again"
    SERVER_REFUSES = "The PostgreSQL server refuses this user or database", "check database_url and the rights of its user"
    SERVER_FAILS = "The PostgreSQL server reports a damaged file or disk", "read its log, and restore the newest backup there"
    STATEMENT = "The database refused a statement", "report this message if it comes back after a restart"
    OTHER = "{place} cannot be used", "check its name, its permissions and the free space on its disk"

    @property
    def passes(self) -> bool:
        """Whether it ends by itself, as a rule."""
        return self in {Kind.BUSY, Kind.NO_CONNECTION, Kind.SERVER_STOPPING, Kind.SERVER_BUSY}


_SQLITE = {
    sqlite3.SQLITE_FULL: Kind.FULL,
    sqlite3.SQLITE_READONLY: Kind.NOT_ALLOWED,
    sqlite3.SQLITE_PERM: Kind.NOT_ALLOWED,
    sqlite3.SQLITE_IOERR: Kind.DISK_FAILS,
    sqlite3.SQLITE_CANTOPEN: Kind.CANNOT_OPEN,
    sqlite3.SQLITE_CORRUPT: Kind.DAMAGED,
    sqlite3.SQLITE_NOTADB: Kind.DAMAGED,
    sqlite3.SQLITE_BUSY: Kind.BUSY,
    sqlite3.SQLITE_LOCKED: Kind.BUSY,
    sqlite3.SQLITE_NOMEM: Kind.NO_MEMORY,
}
_UNCLEAR = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}
"""Codes that SQLite gives for a full or read-only disk too, so that the disk itself must be asked."""
_SYSTEM = {
    errno.ENOSPC: Kind.FULL,
    errno.EDQUOT: Kind.FULL,
    errno.EROFS: Kind.READ_ONLY,
    errno.EACCES: Kind.NOT_ALLOWED,
    errno.EPERM: Kind.NOT_ALLOWED,
    errno.EIO: Kind.DISK_FAILS,
    errno.ESTALE: Kind.GONE,
    errno.ENODEV: Kind.GONE,
    errno.ENOTCONN: Kind.GONE,
    errno.EFBIG: Kind.TOO_LARGE,
    errno.EMFILE: Kind.TOO_MANY_FILES,
    errno.ENFILE: Kind.TOO_MANY_FILES,
    errno.ENOMEM: Kind.NO_MEMORY,
}
_SQLSTATE = {
    "53100": Kind.SERVER_FULL,
    "53": Kind.SERVER_SHORT,
    "57014": Kind.SERVER_STOPPED_IT,
    "57": Kind.SERVER_STOPPING,
    "08": Kind.SERVER_AWAY,
    "25006": Kind.SERVER_READ_ONLY,
    "40": Kind.SERVER_BUSY,
    "55P03": Kind.SERVER_BUSY,
    "28": Kind.SERVER_REFUSES,
    "3D": Kind.SERVER_REFUSES,
    "42501": Kind.SERVER_REFUSES,
    "58": Kind.SERVER_FAILS,
    "XX": Kind.SERVER_FAILS,
}
"""By PostgreSQL's code, or by its class, the first two characters."""


@dataclass(frozen=True)
class Failure:
    """One failure: what is wrong, with what, and the reason in the words of the database or system."""

    kind: Kind
    place: str
    reason: str

    @property
    def is_known(self) -> bool:
        """Whether its cause is known, so that the sentence names the right remedy."""
        return self.kind not in {Kind.STATEMENT, Kind.OTHER}

    @property
    def remedy(self) -> str:
        """What helps, without a full stop."""
        return self.kind.value[1]

    @property
    def sentence(self) -> str:
        """For the person who runs Earmark: what is wrong, the reason, and the remedy."""
        what, remedy = self.kind.value
        return f"{what.format(place=self.place)} ({self.reason}); {remedy}."

    @property
    def clause(self) -> str:
        """What is wrong and the remedy, to be put after a colon."""
        what, remedy = self.kind.value
        what = what.format(place=self.place)
        return f"{what[0].lower()}{what[1:]}; {remedy}."

    @property
    def for_page(self) -> str:
        """For those who label: no path and no address of this machine."""
        return f"{self.for_anybody} The page tries again by itself."

    @property
    def for_anybody(self) -> str:
        """The same for whoever is at no page."""
        what = self.kind.value[0].format(place="the project")
        helps = "wait a little" if self.kind.passes else "ask the person who runs Earmark for help"
        return f"{what[0].upper()}{what[1:]}; {helps}."


def name_database(error: BaseException, engine: Engine) -> None:
    """Note which file a driver's error concerns, for `failure_of`."""
    if engine.dialect.name == "sqlite":
        name_database_file(error, engine.url.database)


def name_database_file(error: BaseException, path: str | None) -> None:
    """The same for a SQLite file that no engine has opened."""
    error.__dict__[_DATABASE_FILE] = path


def failure_of(error: BaseException, *, place: Path | None = None) -> Failure:
    """What one of `STORE_ERRORS` means.

    Args:
        place: the folder or file that was used, where the error itself may not name it.
    """
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(cause, OSError):
        return _of_system(cause, place)
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause, place)
    kind = Kind.NO_CONNECTION if isinstance(cause, PoolTimeout) else _of_server(cause)
    return Failure(kind, "the project" if place is None else str(place), _first_line(cause))


def _of_system(error: OSError, place: Path | None) -> Failure:
    kind = _SYSTEM.get(error.errno or 0, Kind.OTHER)
    if error.filename:
        named = f"{os.fsdecode(error.filename)!r}" if isinstance(error.filename, str | bytes) else f"{error.filename!r}"
    elif place is not None and kind is not Kind.OTHER and _disk_says(place) is kind:
        named = str(place)
    else:
        # Writing fails without a name, and the file may lie on any disk.
        named = "A file" if kind is Kind.OTHER else "a file in use"
    return Failure(kind, named, error.strerror or _first_line(error))


def _of_sqlite(error: sqlite3.Error, place: Path | None) -> Failure:
    file = error.__dict__.get(_DATABASE_FILE)
    where = place if file is None else Path(file)
    named = "the project" if where is None else str(where if file is None else where.parent)
    code = getattr(error, "sqlite_errorcode", 0)
    kind = _SQLITE.get(code & 0xFF, Kind.STATEMENT)
    if code == sqlite3.SQLITE_READONLY_DBMOVED:
        kind = Kind.GONE
    elif code & 0xFF in _UNCLEAR and where is not None:
        kind = _disk_says(where) or _file_says(where, code & 0xFF) or kind
    return Failure(kind, named, _first_line(error))


def _of_server(error: BaseException) -> Kind:
    state = getattr(error, "sqlstate", None)
    if state:
        return _SQLSTATE.get(state, _SQLSTATE.get(state[:2], Kind.STATEMENT))
    # A connection that fails or breaks has no code: there was no server to give one.
    broken = type(error).__name__ in {"OperationalError", "ConnectionTimeout"} and type(error).__module__.startswith("psycopg")
    return Kind.SERVER_AWAY if broken else Kind.STATEMENT


def _disk_says(place: Path) -> Kind | None:
    """Whether the disk of a file or folder is the cause; None if it is in order or cannot be asked."""
    folder = place if place.is_dir() else place.parent
    try:
        disk = os.statvfs(folder)
    except FileNotFoundError:
        return Kind.GONE
    except OSError:
        return None
    if disk.f_flag & os.ST_RDONLY:
        return Kind.READ_ONLY
    # Some file systems count neither, and report zero of zero.
    no_files = disk.f_files > 0 and disk.f_favail == 0
    no_bytes = disk.f_blocks > 0 and disk.f_bavail * disk.f_frsize < _LITTLE
    return Kind.FULL if no_files or no_bytes else None


def _file_says(place: Path, code: int) -> Kind | None:
    if code != sqlite3.SQLITE_CANTOPEN:
        return None
    if not place.exists():
        return Kind.GONE
    folder = place if place.is_dir() else place.parent
    may = os.access(folder, os.R_OK | os.W_OK | os.X_OK) and os.access(place, os.R_OK | os.W_OK)
    return None if may else Kind.NOT_ALLOWED


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
