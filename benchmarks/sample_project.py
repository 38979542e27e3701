"""Projects of sample clips to measure on."""

from __future__ import annotations

import csv
from pathlib import Path

from db.project import OpenProject, create_project
from learner.importing import import_source

REPOSITORY = Path(__file__).resolve().parent.parent
SAMPLE_DATA = REPOSITORY / "sample_data"
STYLES = ("angry", "happy", "neutral", "sad")


def sample_files(count: int | None = None) -> list[Path]:
    """The first clips of the sample data, or all."""
    return sorted((SAMPLE_DATA / "clips").glob("*.flac"))[:count]


def sample_project(directory: Path, *, clips: int | None = None, database_url: str | None = None) -> OpenProject:
    """A project in `directory` with the first sample clips (or all) and no features."""
    directory.mkdir(parents=True, exist_ok=True)
    manifest = directory / "clips.csv"
    with manifest.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["file_name"], *([path] for path in sample_files(clips))])
    project = create_project(directory / "project", labels=STYLES, database_url=database_url)
    report = import_source(project, manifest, seed=1)
    assert report.added == len(sample_files(clips)), report
    return project
