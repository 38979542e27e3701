"""What is exported for another tool comes in again: clips, labels, annotators who disagree, times, predictions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from db.errors import FormatError
from db.exports.choice import ExportChoice, LabelKind, RowsOf, SplitShares
from db.models import Answer, Suggestion
from db.project import OpenProject, create_project
from db.records.labels import label_by_name
from learner.handover.export import export_project
from learner.imports.source import import_source
from learner.imports.tools import Tool, ToolOptions, tool_of
from tests.filled_projects import answer
from tests.learner.audio_files import tone, written

LABELS = ("nan", "NA", "True", "007", "1e3", "validation", "skip")
NAMES = ("a#b.wav", "%41.wav", "two\nlines.wav", "train_01.wav", "plain.wav", "sub/é.wav", "x.wav")
KINDS = frozenset({LabelKind.GOLD, LabelKind.CONSENSUS, LabelKind.PREDICTED})


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenProject]:
    """A clip for each label; two annotators who disagree on three of them, a gold answer, and a prediction for the last clip."""
    folder = tmp_path_factory.mktemp("filled")
    (folder / "audio" / "sub").mkdir(parents=True)
    for number, name in enumerate(NAMES):
        written(folder / "audio" / name, tone(200.0 + 10 * number, 0.3))
    rows = [{"file_name": name, "speaker": f"s{place % 3}", "transcript": "1e3"} for place, name in enumerate(NAMES)]
    (folder / "audio" / "m.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    project = create_project(folder / "project", labels=LABELS)
    assert import_source(project, folder / "audio" / "m.jsonl", seed=1).added == len(NAMES)
    for clip, label in enumerate(LABELS[:-1], start=1):
        answer(project, clip, label, annotator="Ann")
        if clip % 2:
            answer(project, clip, LABELS[clip], annotator="Bo <b>")
    answer(project, 2, None, annotator="Bo <b>", kind=Answer.UNSURE)
    answer(project, 4, "NA", annotator="Rev", gold=True)
    with project.write() as session:
        label_id = label_by_name(session, "skip").id
        session.add(Suggestion(clip_id=7, label_id=label_id, score=0.75, origin="their model", created_at=1.0))
    yield project
    project.close()


def rows_of(project: OpenProject, output: Path, rows: RowsOf) -> list[dict[str, Any]]:
    export_project(project, "jsonl", output, choice=ExportChoice(rows=rows))
    return [json.loads(line) for line in output.read_text().splitlines()]


@pytest.mark.parametrize("format", ["label-studio", "prodigy", "audformat"])
def test_decisions_of_several_annotators_come_back(filled: OpenProject, tmp_path: Path, format: str) -> None:
    output = tmp_path / ("out.jsonl" if format == "prodigy" else "out")
    export_project(filled, format, output, choice=ExportChoice(rows=RowsOf.DECISIONS, kinds=KINDS))
    assert tool_of(output) == format
    other = create_project(tmp_path / "other", labels=LABELS)
    report = import_source(other, output)
    assert (report.rejected, report.labels_not_taken, report.of_nobody) == ([], {}, 0)
    again = import_source(other, output)
    assert (again.labels, again.suggestions, again.added) == (0, 0, 0)
    # audformat copies the audio, so it lies elsewhere; times are kept to the millisecond everywhere.
    same = ("label", "answer", "annotator", "gold", "speaker", "transcript", *(() if format == "audformat" else ("path",)))

    def found(project: OpenProject, output: Path) -> list[tuple[str, ...]]:
        rows = rows_of(project, output, RowsOf.DECISIONS)
        return sorted((row["created_at"][:23], *(str(row[name]) for name in same)) for row in rows)

    assert found(other, tmp_path / "back.jsonl") == found(filled, tmp_path / "there.jsonl")
    with other.read() as session:
        suggested = [(row.score, row.origin) for row in session.query(Suggestion)]
    assert suggested == [(0.75, "their model")]
    other.close()


@pytest.mark.parametrize("format", ["audiofolder", "audformat", "label-studio"])
def test_the_consensus_comes_back_as_somebodys_labels(filled: OpenProject, tmp_path: Path, format: str) -> None:
    export_project(filled, format, tmp_path / "out")
    other = create_project(tmp_path / "other", labels=LABELS)
    report = import_source(other, tmp_path / "out", labels_as="team")
    assert (report.rejected, report.added) == ([], 6)

    def found(project: OpenProject, output: Path) -> list[tuple[str, str]]:
        return sorted((row["label"], row["speaker"]) for row in rows_of(project, output, RowsOf.CONSENSUS))

    assert found(other, tmp_path / "back.jsonl") == found(filled, tmp_path / "there.jsonl")
    other.close()


def test_label_files_of_ft_w2v2_ser_come_back_as_manifests(filled: OpenProject, tmp_path: Path) -> None:
    export_project(filled, "ft-w2v2-ser", tmp_path / "out", choice=ExportChoice(splits=SplitShares.parse("60/20/20")))
    labels = (tmp_path / "out" / "clips.json").rename(tmp_path / "labels.json")
    assert tool_of(labels) == Tool.MANIFEST
    other = create_project(tmp_path / "other", labels=LABELS)
    assert len(import_source(other, labels).rejected) == 6
    report = import_source(other, labels, labels_as="team", tools=ToolOptions(audio_folder=tmp_path / "out"))
    assert (report.added, report.labels, report.rejected) == (6, 6, [])
    back, there = (rows_of(each, tmp_path / f"{name}.jsonl", RowsOf.CONSENSUS) for each, name in ((other, "a"), (filled, "b")))
    assert sorted(row["label"] for row in back) == sorted(row["label"] for row in there)
    sizes = {name: len(files) for name, files in json.loads(labels.read_text()).items() if files}
    assert Counter(row["split"] for row in back) == sizes
    assert len(sizes) > 1
    other.close()


def test_labels_of_nobody_are_reported_and_not_recorded(filled: OpenProject, tmp_path: Path) -> None:
    export_project(filled, "label-studio", tmp_path / "out")
    other = create_project(tmp_path / "other", labels=LABELS)
    report = import_source(other, tmp_path / "out")
    assert (report.added, report.labels, report.of_nobody) == (6, 0, 6)
    assert report.notes == ["6 answers name no annotator and none was recorded; --labels-as ANNOTATOR records them as decisions."]
    other.close()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"times_in": "clock"}, "is read as label-studio; leave"),
        ({"tools": ToolOptions(tool=Tool.AUDFORMAT, audio_folder=Path("/x"))}, "leave --audio-folder out"),
        ({"tools": ToolOptions(tool=Tool.PRODIGY, label_column="x")}, "leave --label-column out"),
        ({"tools": ToolOptions(tool=Tool.PRODIGY, audio_key="x")}, "leave --audio-key out"),
        ({"tools": ToolOptions(tool=Tool.LABEL_STUDIO, audio_key="x")}, "has 'x' in its data; name the key"),
        ({"tools": ToolOptions(tool=Tool.FOLDER, label_column="x")}, "is read as a folder; leave --label-column"),
    ],
)
def test_options_that_do_not_suit_are_refused(filled: OpenProject, tmp_path: Path, options: dict[str, Any], problem: str) -> None:
    export_project(filled, "label-studio", tmp_path / "out")
    with pytest.raises(FormatError, match=problem):
        import_source(filled, tmp_path / "out", **options)
