"""`earmark validate` reports exactly what `earmark import` does then, and writes nothing."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from db.errors import FormatError
from db.models import Base
from db.project import OpenProject
from labeler.cli.main import main
from learner.imports.source import import_source
from learner.imports.validation import validate_source
from tests.filled_projects import add_clips, answer
from tests.learner.audio_files import cut, noise, written


def rows_of(project: OpenProject) -> dict[str, list[tuple[object, ...]]]:
    with project.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in Base.metadata.sorted_tables
        }


def hostile_source(folder: Path) -> Path:
    """A manifest with one row of each kind: sound, doubled, cut, missing, senseless, with a label that nobody knows."""
    written(folder / "sound.wav", noise(0.2, seed=1))
    written(folder / "again.wav", noise(0.2, seed=1))
    cut(written(folder / "cut.wav", noise(0.5, seed=2)), 0.5)
    written(folder / "loud.wav", noise(0.2, seed=3, level=1e4), subtype="FLOAT")
    (folder / "page.wav").write_text("<!DOCTYPE html><html>")
    rows: list[dict[str, Any]] = [
        {"file_name": "sound.wav", "label": "angry"},
        {"file_name": "sound.wav", "start": 0.05, "end": 0.15, "label": "sad"},
        {"file_name": "again.wav", "label": "happy"},
        {"file_name": "cut.wav"},
        {"file_name": "loud.wav", "label": "=cmd()"},
        {"file_name": "page.wav", "label": "<b>"},
        {"file_name": "../../etc/passwd"},
        {"file_name": "none\nsuch.wav"},
        {"file_name": "sound.wav", "start": 9, "end": 2},
        {"file_name": "x" * 5000},
    ]
    with open(folder / "m.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["file_name", "start", "end", "label"], restval="")
        writer.writeheader()
        writer.writerows(rows)
    return folder / "m.csv"


@pytest.mark.parametrize("labels_as", [None, "gold"])
def test_both_agree_on_a_hostile_source(any_project: OpenProject, tmp_path: Path, labels_as: str | None) -> None:
    answer(any_project, add_clips(any_project, 2)[0])
    source = hostile_source(tmp_path)
    seen: list[tuple[int, int]] = []
    for _ in range(2):
        before = rows_of(any_project)
        report = validate_source(any_project, source, labels_as=labels_as, progress=lambda *moved: seen.append(moved))
        assert rows_of(any_project) == before
        assert report.to_json() == import_source(any_project, source, labels_as=labels_as).to_json()
        assert seen[-1] == (10, 10)
    assert (report.added, report.known, len(report.aliases)) == (0, 4, 1)


def test_both_agree_on_a_folder(project: OpenProject, tmp_path: Path) -> None:
    for name in ("sad/a.wav", "glad/b.wav"):
        (tmp_path / name).parent.mkdir()
        written(tmp_path / name, noise(0.1, seed=len(name)))
    options: dict[str, Any] = {"labels_from_folders": True, "labels_as": "folders"}
    validated = validate_source(project, tmp_path, **options)
    assert validated.to_json() == import_source(project, tmp_path, **options).to_json()
    assert (validated.added, validated.labels) == (2, 1)


def test_both_refuse_a_source_in_the_same_sentence(project: OpenProject, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("nothing,here\n1,2\n")
    with pytest.raises(FormatError) as validated:
        validate_source(project, tmp_path / "m.csv")
    with pytest.raises(FormatError) as imported:
        import_source(project, tmp_path / "m.csv")
    assert str(validated.value) == str(imported.value)


def test_both_commands_print_the_same_and_end_alike(project: OpenProject, tmp_path: Path) -> None:
    source = hostile_source(tmp_path)

    def run(command: str, *options: str) -> Result:
        return CliRunner().invoke(
            main, ["--project", str(project.directory), command, str(source), "--labels-as", "me", *options]
        )

    validated, as_json = run("validate"), run("validate", "--json")
    imported = run("import")
    assert (validated.stdout, validated.stderr, validated.exit_code) == (imported.stdout, imported.stderr, imported.exit_code)
    assert json.loads(as_json.stdout)["added"] == 3
