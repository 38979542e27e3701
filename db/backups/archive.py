"""The backup file itself: written whole and readable by its owner only, and read as if a stranger had made it."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from db.backups.manifest import DATABASE, LARGEST_MANIFEST, MANIFEST, Manifest, Member, is_member, parsed_manifest
from db.errors import ProjectError
from db.settings import SETTINGS_FILE

_AT_A_TIME = 1 << 20
_MOST_MEMBERS = 100_000
_MEMBER_TIME = (1980, 1, 1, 0, 0, 0)
"""Of every member; the manifest has the time of the backup."""


class ArchiveWriter:
    """Writes the members of a backup, the manifest last; a context manager."""

    def __init__(self, path: Path) -> None:
        # The project's secret is in it: nobody else may read it, not even while it is written.
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w+b")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_STORED)
        self.members: list[Member] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            # After an error too: else it would close itself later, and complain on stderr that its file is closed.
            with nullcontext() if kind is None else suppress(OSError, ValueError):
                self._zip.close()
        finally:
            self._file.close()

    def add(self, name: str, source: IO[bytes], *, moved: Callable[[int], None] = lambda _bytes: None) -> None:
        """Add a member; `moved` is called with the number of bytes after each part."""
        digest, size = hashlib.sha256(), 0
        with self._zip.open(zipfile.ZipInfo(name, _MEMBER_TIME), "w", force_zip64=True) as target:
            while part := source.read(_AT_A_TIME):
                target.write(part)
                digest.update(part)
                size += len(part)
                moved(len(part))
        self.members.append(Member(name=name, size=size, sha256=digest.hexdigest()))

    def add_bytes(self, name: str, content: bytes) -> None:
        """Add a small member."""
        self.add(name, io.BytesIO(content))

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest, which names all other members."""
        self._zip.writestr(zipfile.ZipInfo(MANIFEST, _MEMBER_TIME), manifest.model_dump_json(indent=1))


class Archive:
    """A backup that is read; a context manager.

    Raises:
        ProjectError: it is missing, cut, made by a newer release, or its members are not what its manifest says.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _opened(path)
        try:
            self._zip = zipfile.ZipFile(self._file)
            self._entries = self._checked_entries()
            self.manifest = parsed_manifest(self._read_manifest(), where=str(path))
            self._check_members()
        except BaseException as error:
            self._file.close()
            # zipfile fails in a dozen ways: struct.error, NotImplementedError, ValueError, BadZipFile, ...
            if isinstance(error, ProjectError) or not isinstance(error, Exception):
                raise
            raise self._no_backup(f"it is cut short or no ZIP archive, {type(error).__name__}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._zip.close()
        self._file.close()

    @property
    def size(self) -> int:
        """Bytes of all members."""
        return sum(member.size for member in self.manifest.members)

    def extract(self, member: Member, target: Path, *, moved: Callable[[int], None] = lambda _bytes: None) -> None:
        """Write a member to a file that is not there yet.

        Raises:
            ProjectError: its bytes are not those that the manifest names.
            OSError: the file cannot be written.
        """
        digest, left = hashlib.sha256(), member.size
        with target.open("xb") as file:
            for part in self._parts(member):
                file.write(part)
                digest.update(part)
                left -= len(part)
                moved(len(part))
        if left or digest.hexdigest() != member.sha256:
            raise self._damaged(member.name)

    def _parts(self, member: Member) -> Iterator[bytes]:
        try:
            with self._zip.open(self._entries[member.name]) as source:
                yield from iter(lambda: source.read(_AT_A_TIME), b"")
        except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as error:
            raise self._damaged(member.name) from error

    def _checked_entries(self) -> dict[str, zipfile.ZipInfo]:
        entries = self._zip.infolist()
        by_name = {entry.filename: entry for entry in entries}
        odd = next((entry for entry in entries if not _is_plain(entry)), None)
        if odd is not None:
            raise self._no_backup(f"{odd.filename[:100]!r} does not belong into a backup")
        if len(by_name) != len(entries) or len(entries) > _MOST_MEMBERS:
            raise self._no_backup("a member is there twice, or there are too many")
        # Members that share their bytes could write far more than the file holds.
        if sum(entry.file_size for entry in entries) > os.fstat(self._file.fileno()).st_size:
            raise self._no_backup("its members claim more bytes than it has")
        return by_name

    def _read_manifest(self) -> bytes:
        entry = self._entries.get(MANIFEST)
        if entry is None:
            raise self._no_backup(f"it has no {MANIFEST}")
        if entry.file_size > LARGEST_MANIFEST:
            raise self._no_backup(f"its {MANIFEST} is too large")
        return self._zip.read(entry)

    def _check_members(self) -> None:
        stated = {member.name: member.size for member in self.manifest.members}
        found = {name: entry.file_size for name, entry in self._entries.items() if name != MANIFEST}
        if stated != found or len(stated) != len(self.manifest.members) or not {DATABASE, SETTINGS_FILE} <= found.keys():
            raise self._no_backup(f"its members are not those that its {MANIFEST} names")

    def _no_backup(self, why: str) -> ProjectError:
        return ProjectError(f"{self.path} is no whole backup of Earmark ({why}); choose another file, or copy it again.")

    def _damaged(self, name: str) -> ProjectError:
        return ProjectError(f"{name} in the backup {self.path} is damaged; copy the backup again, or take an older one.")


def _is_plain(entry: zipfile.ZipInfo) -> bool:
    """A regular file of a name that is known, stored as it is."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    encrypted = entry.flag_bits & 0x1
    stored = entry.compress_type == zipfile.ZIP_STORED and entry.compress_size == entry.file_size
    return is_member(entry.filename) and stored and not encrypted and kind in (0, stat.S_IFREG)


def _opened(path: Path) -> IO[bytes]:
    try:
        # Opening a pipe would wait for its writer.
        if not stat.S_ISREG(path.stat().st_mode):
            raise ProjectError(f"{path} is no file; name the file that `earmark backup` made.")
        return path.open("rb")
    except FileNotFoundError as error:
        raise ProjectError(f"There is no backup {path}; name the file that `earmark backup` made.") from error
    except OSError as error:
        raise ProjectError(f"The backup {path} cannot be read ({error.strerror}); check its permissions and its disk.") from error
