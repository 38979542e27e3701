"""Where an export may be written: anywhere but over what the project itself lives on."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import select

from db.errors import FormatError
from db.guidelines import GUIDELINES_FILE
from db.models import AudioFile
from db.project import DATABASE_FILE, OpenProject
from db.settings import SETTINGS_FILE


def refuse_own_file(project: OpenProject, output: Path) -> None:
    """An older export is replaced, but never the project's database, settings, features or heads, and no audio of its clips.

    Raises:
        FormatError: the output is such a file.
    """
    place = Path(os.path.realpath(output))
    if _is_own(project, place) or _is_audio(project, {os.path.abspath(output), str(place)}):
        raise FormatError(f"{output} belongs to the project; give another name for the export.")


def _is_own(project: OpenProject, place: Path) -> bool:
    database = project.engine.url.database if project.engine.dialect.name == "sqlite" else None
    if database is not None and str(place).startswith(os.path.realpath(database)):
        return True  # with -wal and -shm, which SQLite keeps beside it
    if place.parent == project.directory and place.name.startswith((SETTINGS_FILE, DATABASE_FILE, GUIDELINES_FILE)):
        return True
    return any(folder in (place, *place.parents) for folder in (project.features_dir, project.heads_dir))


def _is_audio(project: OpenProject, paths: set[str]) -> bool:
    with project.read() as session:
        return session.scalars(select(AudioFile.id).where(AudioFile.path.in_(paths)).limit(1)).first() is not None
