"""The first rows of an export: those that the export has, without reading all of a large project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from db.exports.choice import AudioAs, ExportChoice, LabelKind, RowsOf, SplitShares
from db.project import OpenProject
from learner.handover.export import export_project, first_rows
from tests.filled_projects import add_clips, answer, undo

SHARES = SplitShares.parse("50/25/25")


@pytest.fixture
def filled(any_project: OpenProject) -> OpenProject:
    """Eight labelled clips; the answer of the second was taken back and given again."""
    first, second, *others = add_clips(any_project, 8)
    answer(any_project, first, "sad")
    answer(any_project, second, "sad")
    undo(any_project)
    for clip in (second, *others):
        answer(any_project, clip, "happy")
    return any_project


@pytest.mark.parametrize("rows", list(RowsOf))
def test_they_are_those_of_the_export_but_for_what_follows_from_all_rows(
    filled: OpenProject, tmp_path: Path, rows: RowsOf
) -> None:
    choice = ExportChoice(rows=rows, splits=SHARES)
    export_project(filled, "jsonl", tmp_path / "out", choice=choice)
    lines = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    wanted = [{name: line[name] for name in line if name not in ("confidence", "split")} for line in lines[:3]]
    assert first_rows(filled, "jsonl", choice=choice, count=3) == wanted


def test_those_of_the_log_hold_what_was_undone(filled: OpenProject) -> None:
    assert [row["answer"] for row in first_rows(filled, "log", count=4)] == ["label", "label", "undo", "label"]


@pytest.mark.parametrize("format", ["csv", "audiofolder"])
def test_no_split_no_confidence_and_no_audio_is_made_for_them(
    filled: OpenProject, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a preview reads the whole project")

    for name in ("learner.handover.export.label_confidences", "db.exports.contents.split_by_group"):
        monkeypatch.setattr(name, refuse)
    choice = ExportChoice(splits=SHARES, audio=AudioAs.CUT)
    assert [row["file_name"] for row in first_rows(filled, format, choice=choice, count=2)] == ["0.wav", "1.wav"]


def test_a_filter_by_confidence_holds(filled: OpenProject) -> None:
    assert first_rows(filled, "csv", choice=ExportChoice(least_confidence=0.99)) == []


def test_they_are_not_searched_for_without_end(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    *_, last = add_clips(project, 12)
    answer(project, last)
    monkeypatch.setattr("learner.handover.export._MOST_LOOKED_AT", 10)
    choice = ExportChoice(kinds=frozenset({LabelKind.CONSENSUS, LabelKind.PREDICTED}))
    assert first_rows(project, "csv", choice=choice) == []
