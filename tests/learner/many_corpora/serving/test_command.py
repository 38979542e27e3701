"""`earmark corpora add MODEL --project DIR` as a person types it, and what other commands then show."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from db.project import OpenProject
from labeler.cli.main import main
from tests.learner.finetuning.project.tones import project_of_tones


def earmark(project: OpenProject, *arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["--project", str(project.directory), *map(str, arguments)])


def test_a_project_is_added_shown_and_predicted(
    adapters: Path, project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path / "cache"))
    # Inside the project, which must not matter.
    model = project.directory / "model"
    shutil.copytree(adapters, model)
    project_of_tones(project, tmp_path)
    # A folder without a name.
    monkeypatch.chdir(model)
    added = earmark(project, "corpora", "add", ".", "--project", project.directory, "--adopt", "classifier")
    assert added.exit_code == 0, added.output
    lines = added.stdout.splitlines()
    assert lines[0].startswith("Model for many corpora (adapters, 16 labels): adapter of model 0.")
    assert "McNemar's exact test, p = " in lines[1]
    assert lines[3] == "`earmark predict` now takes this network; --adopt none goes back."
    assert "6 networks are trained: one for each fold" in added.stderr

    assert lines[0] in earmark(project, "status").stdout.splitlines()
    predicted = earmark(project, "predict", tmp_path / "out.csv", "--json")
    report = json.loads(predicted.stdout)
    assert (report["predicted"], report["model"]["method"], report["model"]["labels"]) == (
        24,
        "corpora adapters",
        ["happy", "sad"],
    )
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert sum(float(rows[0][f"p_{label}"]) for label in ("happy", "sad")) == pytest.approx(1, abs=1e-5)

    gone = earmark(project, "corpora", "add", model, "--project", project.directory, "--adopt", "none")
    assert gone.stdout == "The newest head predicts again; the network is removed.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Name either a MANIFEST or a --project"),
        (["clips.csv", "--project", "."], "Name either a MANIFEST or a --project"),
        (["clips.csv", "--adopt", "classifier"], "--adopt changes a project"),
        (["--project", "."], "There is no project in"),
    ],
)
def test_what_cannot_be_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["corpora", "add", "model", *arguments])
    assert result.exit_code != 0
    assert sentence in " ".join(result.output.split())
