"""Import of folders: finds every file below a folder whose name has the suffix of an audio format.

Other files are skipped. Whether a file really holds audio shows only later, when it is decoded.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from db.errors import FormatError
from db.imports.manifest import LONGEST_NAME, BadRow, SourceRow, is_too_long
from db.imports.text_lines import problem_with, storable
from db.mounts import special_devices
from db.settings import OWN_FOLDERS, SETTINGS_FILE

AUDIO_SUFFIXES = frozenset(
    [
        ".wav",
        ".wave",
        ".flac",
        ".ogg",
        ".oga",
        ".opus",
        ".mp3",
        ".aiff",
        ".aif",
        ".aifc",
        ".au",
        ".snd",
        ".caf",
        ".w64",
        ".rf64",
        ".m4a",
        ".m4b",
        ".mp4",
        ".aac",
        ".webm",
        ".weba",
        ".mka",
        ".wma",
        ".amr",
        ".3gp",
        ".mpc",
    ]
)
MOST_FOLDERS = 1_000_000
"""So many folders are searched at most: file systems made by programs may have no end."""


@dataclass(frozen=True)
class _Found:
    name: str
    path: str
    problem: str | None = None


def read_folder(folder: Path, *, labels_from_folders: bool = False) -> Iterator[SourceRow | BadRow]:
    """The audio files below `folder` in sorted order, named relative to it with `/`.

    Hidden files and folders are skipped, and so are the folders that Earmark keeps in a project. File systems in which the kernel
    shows processes and devices (`/proc`) are not searched; each becomes a `BadRow`.

    Args:
        folder: where to search; links to folders are followed, each real folder once, but for links to folders that `folder` lies
            in: these become a `BadRow`.
        labels_from_folders: whether a file's label is the name of the folder that it lies in (none for files in `folder` itself).

    Raises:
        FormatError: the folder cannot be read, or lies in such a file system; or, while the caller iterates, it has more than
            `MOST_FOLDERS` folders.
    """
    root = Path(os.path.abspath(folder))
    try:
        os.scandir(root).close()
        search = _Search(str(root))
    except OSError as error:
        raise FormatError(f"{root} cannot be read ({error.strerror}); check its name and permissions.") from error
    return _rows(search, labels_from_folders)


def _rows(search: _Search, labels_from_folders: bool) -> Iterator[SourceRow | BadRow]:
    for number, found in enumerate(search.files(), start=1):
        problem = found.problem
        if problem is None and problem_with(found.name):
            problem = "The name of the file is not UTF-8; rename it."
        elif problem is None and problem_with(found.path):
            problem = "The name of its folder is not UTF-8; rename it."
        elif problem is None and is_too_long(found.path):
            problem = f"The path is longer than {LONGEST_NAME} bytes; move the file up or shorten its name."
        if problem is not None:
            yield BadRow(number=number, file_name=storable(found.name), path=storable(found.path), reason=problem)
            continue
        parent = found.name.rpartition("/")[0].rpartition("/")[2]
        label = (parent.strip() or None) if labels_from_folders else None
        yield SourceRow(number=number, file_name=found.name, path=found.path, label=label)


class _Search:
    """One walk through a folder.

    Raises:
        OSError: the folder cannot be read.
        FormatError: it lies in a file system that holds no stored files.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._special = special_devices()
        if kind := self._special.get(os.stat(root).st_dev):
            raise FormatError(f"{root} lies in a file system of the kernel ({kind}), not of a disk; name another folder.")
        self._around = {_identity(os.stat(folder)) for folder in Path(os.path.realpath(root)).parents}
        self._seen: set[tuple[int, int]] = set()
        self._linked: list[str] = []

    def files(self) -> Iterator[_Found]:
        """Visits real folders first, then linked ones that were not visited yet. So names do not depend on links; loops end."""
        yield from self._walk(self._root, "")
        for name in self._linked:
            # Links that are found on the way are appended, so that their turn comes, too.
            yield from self._walk(os.path.join(self._root, name), name + "/")

    def _walk(self, folder: str, prefix: str) -> Iterator[_Found]:
        """Visits depth first, with a list instead of recursion: folders may be nested deeper than Python's calls may be."""
        waiting: list[tuple[str, str]] = [(folder, prefix)]
        while waiting:
            folder, prefix = waiting.pop()
            try:
                status = os.stat(folder)
                if _identity(status) in self._seen:
                    continue
                if problem := self._why_not(status):
                    yield _Found(prefix.rstrip("/"), folder, problem)
                    continue
                self._seen.add(_identity(status))
                with os.scandir(folder) as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
            except OSError as error:
                yield _Found(prefix.rstrip("/"), folder, f"The folder cannot be read ({error.strerror}); check its permissions.")
                continue
            if len(self._seen) > MOST_FOLDERS:
                raise FormatError(f"{self._root} has more than {MOST_FOLDERS:,} folders; import its parts one after the other.")
            below: list[tuple[str, str]] = []
            for entry in _ours(entries):
                if entry.is_dir(follow_symlinks=False):
                    below.append((entry.path, f"{prefix}{entry.name}/"))
                elif _is_linked_folder(entry):
                    self._linked.append(prefix + entry.name)
                elif os.path.splitext(entry.name)[1].lower() in AUDIO_SUFFIXES:
                    yield _Found(prefix + entry.name, entry.path)
            waiting.extend(reversed(below))

    def _why_not(self, status: os.stat_result) -> str | None:
        if kind := self._special.get(status.st_dev):
            return f"The folder lies in a file system of the kernel ({kind}), not of a disk; it was passed over."
        if _identity(status) in self._around:
            return "The link leads to a folder that contains the imported one, and was not followed; import that folder instead."
        return None


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _ours(entries: list[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
    # A project may lie in the folder of clips that it was made for. Its cache holds copies for browsers, not recordings.
    is_project = any(entry.name == SETTINGS_FILE for entry in entries)
    for entry in entries:
        if not entry.name.startswith(".") and not (is_project and entry.name in OWN_FOLDERS):
            yield entry


def _is_linked_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_symlink() and entry.is_dir()
    except OSError:
        return False
