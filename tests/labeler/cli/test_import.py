"""`earmark import` as a person types it: labels that are not taken, and what the exit status says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from db.project import OpenProject
from labeler.cli.main import main
from tests.learner.audio_files import noise, written
from tests.learner.imports.test_source import audio


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Clips in folders that are named like labels; the project knows sad only."""
    audio(tmp_path / "clips", "glad/a.wav", "glad/b.wav", "sad/c.wav")
    return tmp_path / "clips"


def run(project: OpenProject, *arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["--project", str(project.directory), *map(str, arguments)])


def test_a_label_outside_the_set_is_stated_once_and_rejects_no_file(project: OpenProject, clips: Path) -> None:
    result = run(project, "import", clips, "--labels-from-folders", "--labels-as", "gold")
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "'glad' is not in the label set: 2 clips imported, label not taken (first 'glad/a.wav').",
        "Labels are taken if they are one of: angry, happy, sad.",
    ]
    assert result.stdout.splitlines() == [
        "3 added, 0 known (0 of them the same audio under another name), 0 rejected.",
        "1 label recorded for gold.",
    ]
    assert json.loads(run(project, "status", "--json").stdout)["rejected"] == 0


def test_a_recording_is_cut_into_clips(project: OpenProject, tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    written(tmp_path / "audio" / "long.wav", noise(25.0))
    result = run(project, "import", tmp_path / "audio", "--segment", "windows:10", "--shortest", "6", "--json")
    assert (result.exit_code, json.loads(result.stdout)["added"]) == (0, 2)
    result = run(project, "validate", tmp_path / "audio", "--segment", "windows:5")
    assert result.stdout.startswith("5 added, 0 known")
    result = run(project, "import", tmp_path / "audio", "--segment", "words")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: --segment 'words' is not known; give windows:SECONDS, such as windows:10, or pauses.\n",
    )


def test_an_import_that_takes_nothing_ends_with_another_status(project: OpenProject, clips: Path) -> None:
    (clips.parent / "gone.csv").write_text("file_name\ngone.wav\n")
    (clips.parent / "empty").mkdir()
    assert run(project, "import", clips.parent / "gone.csv").exit_code == 3
    assert run(project, "import", clips.parent / "empty").exit_code == 3
    assert "No audio" in run(project, "import", clips.parent / "empty").stderr
    for _ in range(2):
        assert run(project, "import", clips).exit_code == 0


def test_labels_that_were_wanted_and_do_not_fit_are_another_status_too(project: OpenProject, clips: Path) -> None:
    (clips / "sad" / "c.wav").unlink()
    result = run(project, "import", clips, "--labels-from-folders", "--labels-as", "gold", "--json")
    assert (result.exit_code, json.loads(result.stdout)["added"]) == (3, 2)
    assert run(project, "import", clips, "--labels-from-folders").exit_code == 0


def test_columns_are_chosen_for_import_and_validate(project: OpenProject, clips: Path) -> None:
    manifest = clips / "list.csv"
    manifest.write_text("take,mood\nglad/a.wav,happy\nsad/c.wav,sad\n", encoding="utf-8")
    chosen = ["--column", "file=take", "--column", "label=mood", "--labels-as", "gold", "--json"]
    found = json.loads(run(project, "validate", manifest, *chosen).stdout)
    assert (found["added"], found["labels"]) == (2, 2)
    assert json.loads(run(project, "import", manifest, *chosen).stdout) == found


def test_columns_that_cannot_be_chosen_are_one_sentence(project: OpenProject, clips: Path) -> None:
    result = run(project, "import", clips, "--column", "label=mood")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "is read as a folder, and only a manifest has columns; leave --column out." in result.stderr
    assert "'mood' chooses no column" in run(project, "import", clips, "--column", "mood").stderr
