"""The projects that this user served lately: the start page offers them, since it browses no folders."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import click

from db.settings import SETTINGS_FILE
from db.store.files import write_whole

MOST = 12
_FILE = "projects.json"


def recent_projects() -> list[Path]:
    """The newest first; only those that are still there."""
    try:
        listed = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    paths = [Path(each) for each in listed if isinstance(each, str) and "\0" not in each] if isinstance(listed, list) else []
    return [path for path in paths[:MOST] if _is_project(path)]


def remember_project(directory: Path) -> None:
    """Put a project first in the list. Where that is impossible, nothing happens: it is a convenience."""
    directory = directory.resolve()
    paths = [directory, *(path for path in recent_projects() if path != directory)]
    with suppress(OSError, ValueError):
        _file().parent.mkdir(parents=True, exist_ok=True)
        write_whole(_file(), json.dumps([str(path) for path in paths[:MOST]]), durable=False)


def _file() -> Path:
    return Path(click.get_app_dir("earmark")) / _FILE


def _is_project(path: Path) -> bool:
    try:
        return path.is_absolute() and (path / SETTINGS_FILE).is_file()
    except (OSError, ValueError):
        return False
