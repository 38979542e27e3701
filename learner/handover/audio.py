"""Audio of an export: each clip's file copied byte for byte, or the clip cut out of it, under a name that is safe everywhere."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from db.errors import AudioError
from db.exports.rows import ClipRow
from db.exports.safe_names import SafeNames
from db.imports.folder import AUDIO_SUFFIXES
from learner.audio.decoding import opened_bytes
from learner.audio.reader import AudioMissing, shown
from learner.handover.cutting import cut_suffix, write_span

FOLDER = "audio"
"""The folder in an export that holds its audio."""
_CHUNK = 1 << 20
_STARTS = ((b"RIFF", ".wav"), (b"fLaC", ".flac"), (b"OggS", ".ogg"), (b"ID3", ".mp3"), (b"\xff", ".mp3"), (b"FORM", ".aiff"))


class AudioPlacer:
    """Puts audio below a folder, each file once."""

    def __init__(self, *, cut: bool) -> None:
        self._cut = cut
        self._folders: dict[Path, _Folder] = {}
        self._checked: set[tuple[str, str]] = set()

    def __call__(self, row: ClipRow, folder: Path, *, flat: bool = False) -> str:
        """The path of the clip's audio relative to the folder, with slashes.

        Args:
            flat: put all audio into one folder; otherwise below the folders that its names have.

        Raises:
            AudioError: the file is missing or cannot be read or decoded, or has changed since it was imported.
            OSError: the audio cannot be written.
        """
        into = self._folders.setdefault(folder, _Folder(folder / FOLDER))
        if not self._cut or row.whole:
            return into.placed.get(row.content_hash) or self._copied(row, into, flat=flat)
        identity = f"{row.content_hash} {row.start} {row.end}"
        return into.placed.get(identity) or self._cut_out(row, into, identity, flat=flat)

    def _copied(self, row: ClipRow, into: _Folder, *, flat: bool) -> str:
        name = row.file_name
        if Path(name).suffix.lower() not in AUDIO_SUFFIXES:
            name += _suffix_by_content(row.lies_at)
        target = into.target(name, identity=row.content_hash, flat=flat)
        copy_checked(row.lies_at, target, content_hash=row.content_hash)
        self._checked.add((row.lies_at, row.content_hash))
        return into.placed[row.content_hash]

    def _cut_out(self, row: ClipRow, into: _Folder, identity: str, *, flat: bool) -> str:
        # A file with a thousand spans is hashed once.
        if (row.lies_at, row.content_hash) not in self._checked:
            copy_checked(row.lies_at, None, content_hash=row.content_hash)
            self._checked.add((row.lies_at, row.content_hash))
        span = f"_{row.start:.3f}-{row.end:.3f}"
        target = into.target(row.file_name, identity=identity, flat=flat, addition=span, suffix=cut_suffix(row.lies_at))
        write_span(row.lies_at, target, start=row.start, end=row.end)
        return into.placed[identity]


class _Folder:
    """A folder with audio, and what lies in it."""

    def __init__(self, path: Path) -> None:
        self._path, self._names = path, SafeNames()
        self.placed: dict[str, str] = {}
        """Path relative to the folder above, by the identity of what lies there."""

    def target(self, name: str, *, identity: str, flat: bool, addition: str = "", suffix: str | None = None) -> Path:
        """Where a file is to be written."""
        safe = self._names.take(name, identity=identity, addition=addition, suffix=suffix, flat=flat)
        self.placed[identity] = f"{FOLDER}/{safe}"
        target = self._path / safe
        target.parent.mkdir(parents=True, exist_ok=True)
        return target


def copy_checked(path: str, target: Path | None, *, content_hash: str) -> None:
    """Copy a file byte for byte, or with None only look at it.

    Raises:
        AudioError: it cannot be read, or its bytes do not have this hash (SHA-256).
        OSError: the copy cannot be written.
    """
    digest = hashlib.sha256()
    with opened_bytes(path) as source:
        if target is None:
            while chunk := _read(source, path):
                digest.update(chunk)
        else:
            with open(target, "wb") as copy:
                while chunk := _read(source, path):
                    digest.update(chunk)
                    copy.write(chunk)
    if digest.hexdigest() != content_hash:
        raise AudioError(f"{shown(path)} has changed since it was imported; put the old file back, or import it again.")


def _read(source: io.BufferedReader, path: str) -> bytes:
    # An error of reading must not be taken for one of writing.
    try:
        return source.read(_CHUNK)
    except OSError as error:
        raise AudioMissing(f"{shown(path)} cannot be read ({error.strerror}); check the disk it is on.") from error


def _suffix_by_content(path: str) -> str:
    """The usual suffix of what the file holds."""
    with opened_bytes(path) as file:
        head = _read(file, path)[:12]
    if head[4:8] == b"ftyp":
        return ".m4a"
    return next((suffix for start, suffix in _STARTS if head.startswith(start)), ".audio")
