"""One row a clip: its label, where the label comes from, how far people agree, and who gave which answer."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from db.errors import FormatError
from db.exports.choice import AudioAs, ExportChoice, LabelKind, RowsOf, SplitShares
from db.exports.decision_rows import in_iso
from db.models import Answer, Clip, ClipState, Decision, Suggestion
from db.project import OpenProject
from db.records.labels import label_by_name
from learner.handover.export import export_project
from tests.filled_projects import add_clips, answer, undo


def rows_of(project: OpenProject, tmp_path: Path, choice: ExportChoice | None = None) -> list[dict[str, Any]]:
    output = tmp_path / "out.jsonl"
    written = export_project(project, "jsonl", output, choice=choice)
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert len(rows) == written.rows
    return rows


def named(rows: list[dict[str, Any]]) -> list[str]:
    return [row["file_name"] for row in rows]


def test_three_people_who_disagree_give_one_row(any_project: OpenProject, tmp_path: Path) -> None:
    clip, other = add_clips(any_project, 2)
    for annotator, label in (("Ann", "angry"), ("Bob", "sad"), ("Cem", "sad")):
        answer(any_project, clip, label, annotator=annotator)
    answer(any_project, other, "happy", annotator="Ann")
    first, second = rows_of(any_project, tmp_path)
    assert (first["label"], first["kind"], first["agreement"], first["answers"]) == ("sad", "consensus", 0.6667, 3)
    assert first["by_annotator"] == {"Ann": "angry", "Bob": "sad", "Cem": "sad"}
    assert (second["label"], second["agreement"], second["by_annotator"]) == ("happy", 1.0, {"Ann": "happy"})
    # Each right in eight of ten: .8 * .8 * .1 for sad, .8 * .1 * .1 for angry, .2 * .1 * .1 for happy; then reliabilities move.
    assert 0.7 < first["confidence"] < 1
    assert second["confidence"] == pytest.approx(0.8, abs=0.06), "a lone answer is as good as its annotator is known to be"


def test_a_reviewer_outweighs_all_and_an_undone_answer_is_gone(any_project: OpenProject, tmp_path: Path) -> None:
    clip, undone = add_clips(any_project, 2)
    answer(any_project, clip, "angry", annotator="Ann")
    answer(any_project, clip, "sad", annotator="Rev", gold=True)
    answer(any_project, undone, "sad", annotator="ann")
    undo(any_project)
    (row,) = rows_of(any_project, tmp_path)
    assert (row["label"], row["kind"], row["confidence"], row["agreement"]) == ("sad", "gold", 1.0, 0.5)
    assert named(rows_of(any_project, tmp_path, ExportChoice(kinds=frozenset({LabelKind.GOLD})))) == ["0.wav"]


def test_clips_without_a_label_come_only_when_wanted(any_project: OpenProject, tmp_path: Path) -> None:
    unsure, predicted, none, labelled = add_clips(any_project, 4)
    answer(any_project, unsure, None, kind=Answer.UNSURE)
    answer(any_project, labelled, "angry")
    with any_project.write() as session:
        sad = label_by_name(session, "sad").id
        for clip, score in ((predicted, 0.75), (unsure, 0.9)):
            session.add(Suggestion(clip_id=clip, label_id=sad, score=score, origin="their model", created_at=1.0))
    assert named(rows_of(any_project, tmp_path)) == ["3.wav"]
    rows = rows_of(any_project, tmp_path, ExportChoice(kinds=frozenset(LabelKind)))
    assert [(row["file_name"], row["label"], row["kind"], row["confidence"]) for row in rows] == [
        ("0.wav", None, "none", None),
        ("1.wav", "sad", "predicted", 0.75),
        ("2.wav", None, "none", None),
        ("3.wav", "angry", "consensus", 0.8),
    ]
    assert (rows[1]["predicted_by"], rows[1]["answers"]) == ("their model", 0)
    assert rows[2]["predicted"] is None
    assert none


class TestFilters:
    @pytest.fixture
    def filled(self, project: OpenProject) -> OpenProject:
        """Clip 0: two agree on sad. 1: two disagree, the newer says happy. 2: angry, by one."""
        first, second, third = add_clips(project, 3)
        answer(project, first, "sad", annotator="Ann")
        answer(project, first, "sad", annotator="Bob")
        answer(project, second, "angry", annotator="Ann")
        answer(project, second, "happy", annotator="Bob")
        answer(project, third, "angry", annotator="Ann")
        return project

    @pytest.mark.parametrize(
        ("choice", "found"),
        [
            (ExportChoice(labels=frozenset({"sad", "happy"})), ["0.wav", "1.wav"]),
            (ExportChoice(least_agreement=0.6), ["0.wav", "2.wav"]),
            (ExportChoice(least_confidence=0.9), ["0.wav"]),
            (ExportChoice(least_agreement=0.6, labels=frozenset({"angry"})), ["2.wav"]),
        ],
    )
    def test_choose_clips(self, filled: OpenProject, tmp_path: Path, choice: ExportChoice, found: list[str]) -> None:
        assert named(rows_of(filled, tmp_path, choice)) == found

    def test_choose_decisions_by_their_own_label_and_their_clips_agreement(self, filled: OpenProject, tmp_path: Path) -> None:
        agreed = ExportChoice(rows=RowsOf.DECISIONS, least_agreement=0.6)
        assert named(rows_of(filled, tmp_path, agreed)) == ["0.wav", "0.wav", "2.wav"]
        angry = ExportChoice(rows=RowsOf.DECISIONS, labels=frozenset({"angry"}))
        assert [(row["file_name"], row["annotator"]) for row in rows_of(filled, tmp_path, angry)] == [
            ("1.wav", "Ann"),
            ("2.wav", "Ann"),
        ]

    def test_choose_by_time(self, filled: OpenProject, tmp_path: Path) -> None:
        with filled.read() as session:
            times = [row.created_at for row in session.query(Decision).order_by(Decision.id)]
        assert named(rows_of(filled, tmp_path, ExportChoice(since=times[3]))) == ["1.wav", "2.wav"]
        assert named(rows_of(filled, tmp_path, ExportChoice(until=times[3]))) == ["0.wav"]
        late = rows_of(filled, tmp_path, ExportChoice(rows=RowsOf.DECISIONS, since=times[3]))
        assert [row["created_at"] for row in late] == [in_iso(times[3]), in_iso(times[4])]

    @pytest.mark.parametrize("format", ["jsonl", "prodigy", "parquet"])
    def test_choose_what_a_reviewer_decided(self, filled: OpenProject, tmp_path: Path, format: str) -> None:
        answer(filled, 1, "happy", annotator="Rev", gold=True)
        gold = ExportChoice(rows=RowsOf.DECISIONS, kinds=frozenset({LabelKind.GOLD}))
        assert export_project(filled, format, tmp_path / "out", choice=gold).rows == 1
        assert [row["annotator"] for row in rows_of(filled, tmp_path, gold)] == ["Rev"]

    def test_refuse_a_label_that_there_is_not(self, filled: OpenProject, tmp_path: Path) -> None:
        with pytest.raises(FormatError, match="There is no label 'angri'; use one of: angry, happy, sad"):
            rows_of(filled, tmp_path, ExportChoice(labels=frozenset({"angri", "sad"})))
        assert not (tmp_path / "out.jsonl").exists()

    @pytest.mark.parametrize(
        "choice",
        [
            ExportChoice(labels=frozenset({"sad"})),
            ExportChoice(least_agreement=0.5),
            ExportChoice(since=1.0),
            ExportChoice(kinds=frozenset({LabelKind.GOLD})),
            ExportChoice(audio=AudioAs.COPY),
        ],
    )
    def test_are_none_of_the_log(self, filled: OpenProject, tmp_path: Path, choice: ExportChoice) -> None:
        with pytest.raises(FormatError, match="log holds the whole log and no audio; leave the filters and --audio out"):
            export_project(filled, "log", tmp_path / "log", choice=choice)

    @pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
    def test_refuse_what_is_no_share(self, value: float) -> None:
        with pytest.raises(FormatError, match="give a number from 0 to 1"):
            ExportChoice(least_agreement=value)


def test_a_withdrawn_clip_is_in_no_format(any_project: OpenProject, tmp_path: Path) -> None:
    kept, gone = add_clips(any_project, 2)
    for clip in (kept, gone):
        answer(any_project, clip)
    with any_project.write() as session:
        session.get_one(Clip, gone).state = ClipState.WITHDRAWN
    assert named(rows_of(any_project, tmp_path)) == ["0.wav"]
    for rows in (ExportChoice(rows=RowsOf.DECISIONS), ExportChoice(kinds=frozenset(LabelKind))):
        assert named(rows_of(any_project, tmp_path, rows)) == ["0.wav"]
    assert export_project(any_project, "log", tmp_path / "log").rows == 1


def test_decisions_carry_the_splits_that_were_made(project: OpenProject, tmp_path: Path) -> None:
    for clip in add_clips(project, 20, speakers=10):
        answer(project, clip, annotator="Ann")
        answer(project, clip, annotator="Bob")
    shares = SplitShares.parse("60/20/20")
    by_clip = {row["file_name"]: row["split"] for row in rows_of(project, tmp_path, ExportChoice(splits=shares))}
    rows = rows_of(project, tmp_path, ExportChoice(rows=RowsOf.DECISIONS, splits=shares))
    assert len(rows) == 40
    assert all(by_clip[row["file_name"]] == row["split"] for row in rows)
    assert sorted(by_clip.values()).count("train") == 12
    choice = ExportChoice(rows=RowsOf.DECISIONS, splits=shares)
    export_project(project, "csv", tmp_path / "out.csv", choice=choice, with_data_sheet=True)
    assert "| train | 24 |" in (tmp_path / "out.csv.README.md").read_text(), "the data sheet counts these splits"


def test_the_consensus_as_csv_is_a_manifest(project: OpenProject, tmp_path: Path) -> None:
    answer(project, add_clips(project, 1)[0], "sad", annotator='=1 "x"')
    export_project(project, "csv", tmp_path / "out.csv")
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["file_name"], row["label"], json.loads(row["by_annotator"])) == ("0.wav", "sad", {'=1 "x"': "sad"})
