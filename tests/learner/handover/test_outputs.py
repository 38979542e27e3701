"""An export replaces an older export, and nothing that the project lives on."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.errors import FormatError
from db.project import OpenProject, create_project
from learner.handover.export import export_project
from learner.imports.source import import_source
from tests.filled_projects import answer
from tests.learner.audio_files import tone, written


@pytest.fixture
def filled(tmp_path: Path) -> OpenProject:
    project = create_project(tmp_path / "project", labels=["sad"])
    (tmp_path / "audio").mkdir()
    written(tmp_path / "audio" / "a.wav", tone(300.0, 0.2))
    import_source(project, tmp_path / "audio")
    answer(project, 1, "sad")
    (tmp_path / "link.csv").symlink_to(tmp_path / "audio" / "a.wav")
    return project


@pytest.mark.parametrize(
    "name",
    [
        "project/earmark.sqlite",
        "project/earmark.sqlite-wal",
        "project/earmark.toml",
        "project/features/x.csv",
        "project/heads",
        "audio/a.wav",
        "audio/../audio/a.wav",
        "link.csv",
    ],
)
def test_what_the_project_lives_on_is_not_replaced(filled: OpenProject, tmp_path: Path, name: str) -> None:
    audio = (tmp_path / "audio" / "a.wav").read_bytes()
    with pytest.raises(FormatError, match="belongs to the project; give another name for the export"):
        export_project(filled, "csv", tmp_path / name)
    assert (tmp_path / "audio" / "a.wav").read_bytes() == audio
    filled.close()


@pytest.mark.parametrize("name", ["out.csv", "project/out.csv", "audio/b.wav"])
def test_an_older_export_is(filled: OpenProject, tmp_path: Path, name: str) -> None:
    for _ in range(2):
        assert export_project(filled, "csv", tmp_path / name).rows == 1
    filled.close()
