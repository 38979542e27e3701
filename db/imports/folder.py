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
from db.imports.tables import problem_with, storable
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


@dataclass(frozen=True)
class _Found:
    name: str
    path: str
    problem: str | None = None


def read_folder(folder: Path, *, labels_from_folders: bool = False) -> Iterator[SourceRow | BadRow]:
    """The audio files below `folder` in sorted order, named relative to it with `/`.

    Hidden files and folders are skipped, and so are the folders that Earmark keeps in a project.

    Args:
        folder: where to search; links to folders are followed, each real folder once.
        labels_from_folders: whether a file's label is the name of the folder that it lies in (none for files in `folder` itself).

    Raises:
        FormatError: the folder cannot be read.
    """
    root = Path(os.path.abspath(folder))
    try:
        os.scandir(root).close()
    except OSError as error:
        raise FormatError(f"{root} cannot be read ({error.strerror}); check its name and permissions.") from error
    return _rows(root, labels_from_folders)


def _rows(root: Path, labels_from_folders: bool) -> Iterator[SourceRow | BadRow]:
    for number, found in enumerate(_audio_files(str(root)), start=1):
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


def _audio_files(root: str) -> Iterator[_Found]:
    """Visits real folders first, then linked ones that were not visited yet: so names do not depend on links, and loops end."""
    seen: set[tuple[int, int]] = set()
    linked: list[str] = []
    yield from _walk(root, "", seen, linked)
    while linked:
        name = linked.pop(0)
        yield from _walk(os.path.join(root, name), name + "/", seen, linked)


def _walk(folder: str, prefix: str, seen: set[tuple[int, int]], linked: list[str]) -> Iterator[_Found]:
    """Visits depth first, with a list instead of recursion: folders may be nested deeper than Python's calls may be."""
    waiting: list[tuple[str, str]] = [(folder, prefix)]
    while waiting:
        folder, prefix = waiting.pop()
        try:
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            yield _Found(prefix.rstrip("/"), folder, f"The folder cannot be read ({error.strerror}); check its permissions.")
            continue
        # A project may lie in the folder of clips that it was made for. Its cache holds copies for browsers, not recordings.
        is_project = any(entry.name == SETTINGS_FILE for entry in entries)
        below: list[tuple[str, str]] = []
        for entry in entries:
            if entry.name.startswith(".") or (is_project and entry.name in OWN_FOLDERS):
                continue
            if entry.is_dir(follow_symlinks=False):
                below.append((entry.path, f"{prefix}{entry.name}/"))
            elif _is_linked_folder(entry):
                linked.append(prefix + entry.name)
            elif os.path.splitext(entry.name)[1].lower() in AUDIO_SUFFIXES:
                yield _Found(prefix + entry.name, entry.path)
        waiting.extend(reversed(below))


def _is_linked_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_symlink() and entry.is_dir()
    except OSError:
        return False
