"""`annotate` with files that name their annotators: what cannot be recorded is said, and shows in the exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from db.project import create_project
from labeler.cli.main import main
from tests.filled_projects import add_clips


def row(label: str, annotator: str) -> str:
    facts = {"file_name": "0.wav", "answer": "label", "source": "x", "created_at": "2026-01-01T00:00:00+00:00", "uuid": None}
    return json.dumps({**facts, "label": label, "annotator": annotator})


@pytest.mark.parametrize(
    ("rows", "status", "line"),
    [
        ([row("sad", "Ann")], 0, "1 decision of Ann recorded."),
        ([row("odd", "Ann")], 3, "'odd' is not in the label set: not taken once (first '0.wav')."),
        ([row("odd", "Ann"), row("odd", "Bob")], 3, "'odd' is not in the label set: not taken 2 times (first '0.wav')."),
        ([row("odd", "Ann"), row("sad", "Ann")], 0, "1 decision of Ann recorded."),
        ([row("sad", "x" * 65)], 3, "cannot be an annotator's name"),
    ],
)
def test_what_is_not_recorded_shows(tmp_path: Path, rows: list[str], status: int, line: str) -> None:
    project = create_project(tmp_path / "project", labels=["sad"])
    add_clips(project, 1)
    project.close()
    (tmp_path / "rows.jsonl").write_text("\n".join(rows))
    command = ["--project", str(tmp_path / "project"), "annotate", str(tmp_path / "rows.jsonl")]
    result = CliRunner().invoke(main, command)
    assert (result.exit_code, line in result.output) == (status, True), result.output
    if status == 0:
        again = CliRunner().invoke(main, command)
        assert (again.exit_code, "0 decisions recorded." in again.output) == (0 if len(rows) == 1 else 3, True)
