"""Puts a new project into a directory, in place of the one that may be there: all of it or nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from db.guidelines import GUIDELINES_FILE
from db.project import DATABASE_FILE
from db.settings import OWN_FOLDERS, SETTINGS_FILE

_PIECES = (*OWN_FOLDERS, GUIDELINES_FILE, *(f"{DATABASE_FILE}{end}" for end in ("-wal", "-shm", "-journal", "")), SETTINGS_FILE)
"""What belongs to a project. The settings come last: a directory with a settings file is always a complete project."""


def pieces_of_a_project(directory: Path) -> list[str]:
    """What a project has left in the directory; empty folders do not count."""
    found = [name for name in _PIECES if os.path.lexists(directory / name)]
    return [name for name in found if name not in OWN_FOLDERS or _holds_files(directory / name)]


def _holds_files(folder: Path) -> bool:
    return not folder.is_dir() or any(folder.iterdir())


@contextmanager
def swapped_in(new: Path, directory: Path, *, old: Path) -> Iterator[None]:
    """The pieces in `new` become those of the directory, and what was there goes to `old`; undone if the block raises.

    Args:
        new: a folder on the same disk.
        old: an empty folder on the same disk.
    """
    moved: list[tuple[Path, Path]] = []
    try:
        for name in reversed(_PIECES):
            _move(directory / name, old / name, moved)
        for name in _PIECES:
            _move(new / name, directory / name, moved)
        yield
    except BaseException:
        for source, target in reversed(moved):
            os.rename(target, source)
        raise


def _move(source: Path, target: Path, moved: list[tuple[Path, Path]]) -> None:
    if os.path.lexists(source):
        os.rename(source, target)
        moved.append((source, target))
