"""Finds audio files again that were moved, by their bytes, and notes where they lie now."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from db.errors import AudioError, FormatError
from db.project import OpenProject
from db.records.audio_files import files_of_content, relink
from learner.audio.decoding import content_hash
from learner.audio.reader import shown
from learner.progress import Progress


def check_folder(folder: Path) -> None:
    """Raise FormatError unless it is a folder."""
    if not os.path.isdir(folder):
        raise FormatError(f"{shown(folder)} is no folder; name one that holds the audio now.")


def relink_files(project: OpenProject, folder: Path, lost: dict[int, list[int]], *, progress: Progress) -> list[tuple[str, str]]:
    """Look for files in a folder, and in those in it; links to folders are not followed.

    A file is read only if its size is that of a lost one. Each that is found is noted at once, in a transaction of its own.

    Args:
        lost: ids of files, by the size that they had.
        progress: called with files found and files lost.

    Returns:
        Old and new path of each file that was found.
    """
    left = {size: set(ids) for size, ids in lost.items()}
    total, found = sum(map(len, left.values())), []
    progress(0, total)
    for path, status in _files(folder):
        ids = left.get(status.st_size)
        if not ids:
            continue
        try:
            digest = content_hash(path)
        except AudioError:
            continue
        with project.read() as session:
            same = [file for file in files_of_content(session, digest) if file.id in ids]
        for file in same:
            with project.write() as session:
                relink(session, file.id, path=path, size=status.st_size, mtime_ns=status.st_mtime_ns)
            ids.discard(file.id)
            found.append((file.path, path))
            progress(len(found), total)
    return found


def _files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    for where, folders, names in os.walk(os.path.abspath(folder)):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(where, name)
            try:
                # The database holds texts only.
                path.encode()
                status = os.stat(path)
            except (OSError, ValueError):
                continue
            if stat.S_ISREG(status.st_mode):
                yield path, status
