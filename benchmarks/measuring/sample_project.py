"""Projects of sample clips to measure on."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from db.project import OpenProject, create_project
from learner.imports.source import import_source

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLE_DATA = REPOSITORY / "sample_data"
STYLES = ("angry", "happy", "neutral", "sad")
RATE = 16_000


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


def synthetic_project(directory: Path, *, seconds: Sequence[float]) -> OpenProject:
    """A project in `directory` with a made-up clip of each of these lengths (in `clips`) and no features."""
    (directory / "clips").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number, length in enumerate(rng.permutation(seconds)):
        time = np.arange(int(length * RATE)) / RATE
        tone = np.sin(2 * np.pi * (150 + number) * time) * (1 + np.sin(2 * np.pi * 3 * time))
        soundfile.write(directory / "clips" / f"clip-{number:04}.flac", 0.2 * tone + 0.02 * rng.standard_normal(len(time)), RATE)
    project = create_project(directory / "project", labels=STYLES)
    report = import_source(project, directory / "clips", seed=1)
    assert report.added == len(seconds), report
    return project
