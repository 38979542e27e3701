"""Parquet holds the rows of CSV with types."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from db.exports.choice import ExportChoice, LabelKind, RowsOf
from db.exports.formats import parquet_file
from db.project import OpenProject
from learner.handover.export import export_project
from tests.db.exports.formats.awkward_texts import LABELS, awkward_project
from tests.filled_projects import add_clips, answer

EVERYTHING = frozenset(LabelKind)


def table(project: OpenProject, path: Path, choice: ExportChoice) -> Any:
    written = export_project(project, "parquet", path, choice=choice)
    found = parquet.read_table(path)
    assert found.num_rows == written.rows
    return found


def test_columns_have_types(project: OpenProject, tmp_path: Path) -> None:
    labelled, _ = add_clips(project, 2)
    answer(project, labelled, "sad")
    consensus = table(project, tmp_path / "consensus", ExportChoice(kinds=EVERYTHING))
    kinds = {"start": pa.float64(), "agreement": pa.float64(), "answers": pa.int64(), "label": pa.string()}
    assert {name: consensus.schema.field(name).type for name in kinds} == kinds
    assert consensus.schema.field("answered_at").type == pa.timestamp("us", tz="UTC")
    first, second = consensus.to_pylist()
    assert (first["agreement"], first["answers"], json.loads(first["by_annotator"])) == (1.0, 1, {"ann": "sad"})
    assert abs((datetime.now(UTC) - first["answered_at"]).total_seconds()) < 600
    assert (second["label"], second["answered_at"], second["extra"]) == (None, None, "{}")
    decisions = table(project, tmp_path / "decisions", ExportChoice(rows=RowsOf.DECISIONS))
    assert {decisions.schema.field(name).type for name in ("gold", "suggestion_shown")} == {pa.bool_()}
    assert (decisions.to_pylist()[0]["gold"], decisions.to_pylist()[0]["run"]) == (False, None)


def test_texts_stay_as_they_are(tmp_path: Path) -> None:
    project = awkward_project(tmp_path)
    found = table(project, tmp_path / "out", ExportChoice(rows=RowsOf.DECISIONS)).to_pylist()
    export_project(project, "jsonl", tmp_path / "out.jsonl", choice=ExportChoice(rows=RowsOf.DECISIONS))
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    for row in rows:
        row["created_at"] = datetime.fromisoformat(row["created_at"])
    assert [{**row, "extra": json.loads(row["extra"])} for row in found] == rows
    assert set(LABELS) <= {row["label"] for row in found}
    project.close()


def test_row_groups_make_one_table_and_the_same_bytes(
    project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_clips(project, 7)
    monkeypatch.setattr(parquet_file, "_GROUP", 3)
    found = table(project, tmp_path / "out", ExportChoice(kinds=EVERYTHING, as_of=2e9))
    assert found["file_name"].to_pylist() == [f"{number}.wav" for number in range(7)]
    assert parquet.ParquetFile(tmp_path / "out").num_row_groups == 3
    table(project, tmp_path / "again", ExportChoice(kinds=EVERYTHING, as_of=2e9))
    assert (tmp_path / "out").read_bytes() == (tmp_path / "again").read_bytes()


def test_an_empty_project_is_a_table_without_rows(project: OpenProject, tmp_path: Path) -> None:
    found = table(project, tmp_path / "out", ExportChoice())
    assert found.column_names[:2] == ["file_name", "path"]
