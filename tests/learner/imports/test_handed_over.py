"""What goes out and in again is the same: labels, annotators who disagree, times, gold, and what was undone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from db.exports.choice import ExportChoice, RowsOf
from db.models import Answer, Suggestion
from db.project import OpenProject, create_project
from learner.handover.export import export_project
from learner.imports.answers import annotate_by_name
from learner.imports.source import import_source
from tests.filled_projects import answer, standing, undo
from tests.learner.audio_files import tone, written

AWKWARD = ("nan", "NA", "True", "007", "1e3", "validation", "skip", "unsure")
NAMES = ("a#b.wav", "%41.wav", "two\nlines.wav", "train_01.wav", "plain.wav", "é.wav", "x.wav", "y.wav")
SAME = ("file_name", "path", "start", "end", "speaker", "label", "answer", "annotator", "gold", "created_at", "uuid", "reason")


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def log_of(project: OpenProject, output: Path) -> list[dict[str, Any]]:
    export_project(project, "log", output)
    return rows_of(output)


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips with awkward names, a manifest with columns that have the names of Earmark's own."""
    folder = tmp_path_factory.mktemp("audio")
    for number, name in enumerate(NAMES):
        written(folder / name, tone(200.0 + 10 * number, 0.3))
    lines = [
        json.dumps({"file_name": name, "speaker": "NA", "transcript": "1e3", "source": "attic", "room": 7}) for name in NAMES
    ]
    (folder / "m.jsonl").write_text("\n".join(lines))
    return folder


@pytest.fixture
def filled(audio: Path, tmp_path: Path) -> OpenProject:
    """Three annotators who disagree; awkward labels; an undone, a replaced, an unsure, a skipped and a gold answer."""
    project = create_project(tmp_path / "project", labels=AWKWARD)
    report = import_source(project, audio / "m.jsonl", seed=1)
    assert report.added == len(NAMES)
    for clip, label in enumerate(AWKWARD, start=1):
        answer(project, clip, label, annotator="Ann")
        answer(project, clip, AWKWARD[clip % 8], annotator="Bob")
    answer(project, 1, None, annotator="Cem", kind=Answer.UNSURE)
    answer(project, 2, None, annotator="Cem", kind=Answer.SKIP)
    answer(project, 3, "skip", annotator="Ann")
    undo(project, annotator="Bob")
    answer(project, 4, "007", annotator="Rev", gold=True)
    return project


@pytest.mark.parametrize("format", ["csv", "jsonl", "log"])
def test_every_decision_comes_back_and_only_once(filled: OpenProject, tmp_path: Path, format: str) -> None:
    output = tmp_path / f"out.{'csv' if format == 'csv' else 'jsonl'}"
    export_project(filled, format, output, choice=ExportChoice(rows=RowsOf.DECISIONS))
    other = create_project(tmp_path / "other", labels=AWKWARD)
    for _ in range(2):
        report = import_source(other, output)
        assert report.rejected == []
    assert report.labels == 0, "the second time all is known"
    back = tmp_path / "back.jsonl"
    there = tmp_path / "there.jsonl"
    kind = "log" if format == "log" else "jsonl"
    for project, place in ((filled, there), (other, back)):
        export_project(project, kind, place, choice=ExportChoice(rows=RowsOf.DECISIONS))
    same = (*SAME, "replaces") if format == "log" else SAME
    assert [[row[name] for name in same] for row in rows_of(back)] == [[row[name] for name in same] for row in rows_of(there)]
    assert {row["extra"]["source"] for row in rows_of(back)} == {"attic"}
    assert {row["source"] for row in rows_of(back)} == {"imported"}
    other.close()
    filled.close()


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_the_consensus_comes_back_with_who_gave_what(filled: OpenProject, tmp_path: Path, format: str) -> None:
    export_project(filled, format, tmp_path / f"out.{format}")
    other = create_project(tmp_path / "other", labels=AWKWARD)
    report = import_source(other, tmp_path / f"out.{format}")
    assert (report.rejected, report.annotators) == ([], {"Ann", "Bob", "Cem", "Rev"})
    export_project(other, format, tmp_path / f"back.{format}")
    assert (tmp_path / f"back.{format}").read_text() == (tmp_path / f"out.{format}").read_text()
    other.close()
    filled.close()


def test_an_exported_log_can_be_annotated_with(filled: OpenProject, audio: Path, tmp_path: Path) -> None:
    before = log_of(filled, tmp_path / "log.jsonl")
    other = create_project(tmp_path / "other", labels=AWKWARD)
    import_source(other, audio / "m.jsonl")
    report = annotate_by_name(other, tmp_path / "log.jsonl")
    assert (report.labels, report.rejected) == (len(before), [])
    after = log_of(other, tmp_path / "again.jsonl")
    assert [[row[name] for name in (*SAME, "replaces")] for row in after] == [
        [row[name] for name in (*SAME, "replaces")] for row in before
    ]
    other.close()
    filled.close()


def test_answers_given_here_are_not_replaced_by_older_ones(filled: OpenProject, tmp_path: Path) -> None:
    """A project that was copied: Ann went on in both; her newer answer counts, wherever she gave it."""
    export_project(filled, "jsonl", tmp_path / "then.jsonl", choice=ExportChoice(rows=RowsOf.DECISIONS))
    newer = answer(filled, 1, "skip", annotator="Ann")
    taken_back = next(row for row in standing(filled) if row.clip_id == 2 and row.annotator_id == 1)
    undo(filled, annotator="Ann", decision=taken_back.uuid)
    report = import_source(filled, tmp_path / "then.jsonl")
    assert report.labels == 0
    now = {(row.clip_id, row.annotator_id): row.uuid for row in standing(filled)}
    assert now[1, 1] == newer
    assert (2, 1) not in now
    filled.close()


def test_a_foreign_uuid_of_another_answer_gets_one_of_its_own(filled: OpenProject, tmp_path: Path) -> None:
    export_project(filled, "jsonl", tmp_path / "out.jsonl", choice=ExportChoice(rows=RowsOf.DECISIONS))
    first = {**rows_of(tmp_path / "out.jsonl")[0], "annotator": "Dan"}
    (tmp_path / "forged.jsonl").write_text(json.dumps(first))
    assert [import_source(filled, tmp_path / "forged.jsonl").labels for _ in range(2)] == [1, 0]
    filled.close()


def test_predictions_become_suggestions_and_never_decisions(audio: Path, tmp_path: Path) -> None:
    project = create_project(tmp_path / "project", labels=AWKWARD)
    row = {
        "file_name": str(audio / "x.wav"),
        "label": "NA",
        "kind": "predicted",
        "answers": 0,
        "by_annotator": {},
        "predicted": "NA",
        "predicted_score": 0.75,
        "predicted_by": "their model",
    }
    odd = {**row, "file_name": str(audio / "y.wav"), "predicted": "not ours"}
    (tmp_path / "p.jsonl").write_text(json.dumps(row) + "\n" + json.dumps(odd))
    report = import_source(project, tmp_path / "p.jsonl")
    assert (report.suggestions, report.labels, list(report.labels_not_taken)) == (1, 0, ["not ours"])
    assert import_source(project, tmp_path / "p.jsonl").suggestions == 0
    with project.read() as session:
        (found,) = session.query(Suggestion).all()
        assert (found.score, found.origin) == (0.75, "their model")
    assert standing(project) == []
    project.close()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"answer": "maybe"}, "has 'maybe' as answer; write label, unsure, skip or undo"),
        ({"label": None}, "has the answer `label` and no label; give one"),
        ({"annotator": "x" * 65}, "cannot be an annotator's name"),
        ({"seconds": -5}, "seconds cannot be -5.0"),
        ({"uuid": "no uuid"}, "is not a UUID"),
    ],
)
def test_odd_rows_are_rejected_alone(filled: OpenProject, tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    export_project(filled, "jsonl", tmp_path / "out.jsonl", choice=ExportChoice(rows=RowsOf.DECISIONS))
    first, second, *_ = rows_of(tmp_path / "out.jsonl")
    (tmp_path / "odd.jsonl").write_text(json.dumps({**first, **change}) + "\n" + json.dumps(second))
    other = create_project(tmp_path / "other", labels=AWKWARD)
    report = import_source(other, tmp_path / "odd.jsonl")
    assert report.labels == 1
    assert [problem in rejected["reason"] for rejected in report.rejected] == [True]
    other.close()
    filled.close()


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "1969-12-31T00:00:00", "soon", 1e300])
def test_a_time_that_no_calendar_has_is_not_known(filled: OpenProject, tmp_path: Path, time: object) -> None:
    export_project(filled, "jsonl", tmp_path / "out.jsonl", choice=ExportChoice(rows=RowsOf.DECISIONS))
    first = rows_of(tmp_path / "out.jsonl")[0]
    (tmp_path / "odd.jsonl").write_text(json.dumps({**first, "created_at": time}))
    other = create_project(tmp_path / "other", labels=AWKWARD)
    assert import_source(other, tmp_path / "odd.jsonl").labels == 1
    (row,) = standing(other)
    assert row.answered_at is None
    other.close()
    filled.close()


@pytest.mark.parametrize("taken", range(1, 8))
def test_a_log_whose_import_was_cut_off_is_finished_by_the_next_import(filled: OpenProject, tmp_path: Path, taken: int) -> None:
    """Undone and given again, replaced and the replacement undone: whatever the first import had not reached yet."""
    mended = answer(filled, 5, "NA", annotator="Ann")
    undo(filled, annotator="Ann", decision=mended)
    again = answer(filled, 6, "NA", annotator="Cem")
    undo(filled, annotator="Cem", decision=again)
    answer(filled, 6, "NA", annotator="Cem")
    export_project(filled, "log", tmp_path / "log.jsonl")
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    (tmp_path / "part.jsonl").write_text("\n".join(lines[:-taken]))
    other = create_project(tmp_path / "other", labels=AWKWARD)
    for source in (tmp_path / "part.jsonl", tmp_path / "log.jsonl"):
        assert import_source(other, source).rejected == []
    assert [row.uuid for row in standing(other)] == [row.uuid for row in standing(filled)]
    other.close()
    filled.close()


def test_an_undo_of_elsewhere_is_no_undo_of_what_was_answered_here_since(filled: OpenProject, tmp_path: Path) -> None:
    other = create_project(tmp_path / "other", labels=AWKWARD)
    export_project(filled, "log", tmp_path / "log.jsonl")
    import_source(other, tmp_path / "log.jsonl")
    newer = answer(other, 1, "skip", annotator="Ann")
    (first,) = (row for row in standing(filled) if (row.clip_id, row.annotator_id) == (1, 1))
    undo(filled, annotator="Ann", decision=first.uuid)
    export_project(filled, "log", tmp_path / "log.jsonl")
    import_source(other, tmp_path / "log.jsonl")
    assert newer in [row.uuid for row in standing(other)]
    other.close()
    filled.close()
