"""Exports hold everything, can be imported as manifests, and are written completely or not at all."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from db.errors import FormatError
from db.exports.contents import Contents
from db.exports.registry import EXPORTERS, Exporter
from db.imports.manifest import SourceRow, read_manifest
from db.models import Answer, Clip, Source
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from db.serving.leases import lease_next
from tests.db.exports.exported import exported_decisions
from tests.filled_projects import add_clips, answer, second_pass_of_an_older_version, undo

HOSTILE = (
    '=HYPERLINK("x")',
    "two\nlines",
    "a\rb",
    'say "hi", now',
    "; DROP TABLE clip",
    "<script>alert(1)</script>",
    "🐦 \u202eoof",
    " x ",
)


FORMULAS = {
    "=1+1": "'=1+1",
    "+1": "'+1",
    "-1": "'-1",
    "@SUM(A1)": "'@SUM(A1)",
    "\t=1": "\t'=1",
    "\r=1": "\r'=1",
    ' "=1"': ' "\'=1"',
    "＝1": "'＝1",
    "a;=1": "a;'=1",
    "a\n+1": "a\n'+1",
    "a\t@b": "a\t'@b",
    "a|=1": "a|'=1",
}
"""Texts that a spreadsheet would run, and what they become."""
NO_FORMULAS = ("angry", "a=b", "a - b", "a@b", "1+1", "", "'", 'say "hi", now', "a;b", " x ")


def exported(project: OpenProject, format: str, output: Path, *, for_spreadsheets: bool = False) -> list[dict[str, Any]]:
    count = exported_decisions(project, format, output, for_spreadsheets=for_spreadsheets).rows
    with open(output, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file)) if format == "csv" else [json.loads(line) for line in file]
    assert len(rows) == count
    return rows


class TestExport:
    def test_has_a_row_for_each_standing_decision(self, any_project: OpenProject, tmp_path: Path) -> None:
        clips = add_clips(any_project, 100)
        made = [answer(any_project, clip, "happy", annotator=f"ann{clip % 3}") for clip in clips]
        rows = exported(any_project, "csv", tmp_path / "out.csv")
        assert [row["uuid"] for row in rows] == made
        assert {row["annotator"] for row in rows} == {"ann0", "ann1", "ann2"}
        assert all(row["source"] == "uncertain" and row["label"] == "happy" and "run" in row for row in rows)
        assert all(datetime.fromisoformat(row["created_at"]).utcoffset() is not None for row in rows)

    def test_omits_what_was_undone_or_superseded_but_the_log_has_it(self, any_project: OpenProject, tmp_path: Path) -> None:
        kept, relabelled, undone = add_clips(any_project, 3)
        answer(any_project, kept, None, kind=Answer.UNSURE)
        first = answer(any_project, relabelled, "angry")
        second = answer(any_project, relabelled, "sad")
        answer(any_project, undone, "happy")
        undo(any_project)
        rows = exported(any_project, "jsonl", tmp_path / "out.jsonl")
        assert [(row["file_name"], row["answer"], row["label"]) for row in rows] == [
            ("0.wav", "unsure", None),
            ("1.wav", "label", "sad"),
        ]
        log = exported(any_project, "log", tmp_path / "log.jsonl")
        assert [row["answer"] for row in log] == ["unsure", "label", "label", "label", "undo"]
        assert [row["replaces"] for row in log] == [None, None, first, None, log[3]["uuid"]]
        assert log[2]["uuid"] == second

    def test_keeps_every_text_as_it_is_in_csv_and_jsonl(self, any_project: OpenProject, tmp_path: Path) -> None:
        clips = add_clips(any_project, len(HOSTILE))
        with any_project.write() as session:
            for clip_id, text in zip(clips, HOSTILE, strict=True):
                stored = session.get_one(Clip, clip_id)
                stored.file_name, stored.transcript, stored.extra = text, text, {text: text}
        for clip in clips:
            answer(any_project, clip)
        for format in ("csv", "jsonl"):
            rows = exported(any_project, format, tmp_path / f"out.{format}")
            assert [(row["file_name"], row["transcript"]) for row in rows] == [(text, text) for text in HOSTILE]
            extras = [json.loads(row["extra"]) if format == "csv" else row["extra"] for row in rows]
            assert extras == [{text: text} for text in HOSTILE]

    def test_for_spreadsheets_holds_no_formula_and_leaves_other_texts(self, any_project: OpenProject, tmp_path: Path) -> None:
        texts = {**FORMULAS, **dict.fromkeys(NO_FORMULAS)}
        clips = add_clips(any_project, len(texts))
        with any_project.write() as session:
            for clip_id, text in zip(clips, texts, strict=True):
                stored = session.get_one(Clip, clip_id)
                stored.file_name, stored.transcript, stored.extra = text or "-", text, {"note": text}
        for clip in clips:
            answer(any_project, clip, annotator="=ann")
        rows = exported(any_project, "csv", tmp_path / "out.csv", for_spreadsheets=True)
        assert [row["transcript"] for row in rows] == [safe or text for text, safe in texts.items()]
        assert [row["file_name"] for row in rows] == [safe or text or "'-" for text, safe in texts.items()]
        assert {row["annotator"] for row in rows} == {"'=ann"}
        assert {(row["start"], row["end"], row["gold"]) for row in rows} == {("0.0", "1.0", "false")}
        assert json.loads(rows[0]["extra"]) == {"note": "=1+1"}, "JSON begins with a brace"
        assert exported(any_project, "csv", tmp_path / "plain.csv")[0]["transcript"] == "=1+1", "only on request"

    def test_for_spreadsheets_begins_no_cell_with_a_formula_whatever_ends_a_cell(
        self, project: OpenProject, tmp_path: Path
    ) -> None:
        clips = add_clips(project, len(FORMULAS))
        with project.write() as session:
            for clip_id, text in zip(clips, FORMULAS, strict=True):
                session.get_one(Clip, clip_id).transcript = f'"{text}'
        for clip in clips:
            answer(project, clip)
        exported(project, "csv", tmp_path / "out.csv", for_spreadsheets=True)
        for delimiter in ",;\t|":
            with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
                cells = [cell for row in csv.reader(file, delimiter=delimiter) for cell in row]
            assert [cell for cell in cells if cell.strip(' \t\r\n"')[:1] in {*"=+-@＝"}] == []

    @pytest.mark.parametrize("format", ["jsonl", "log"])
    def test_for_spreadsheets_is_only_for_what_they_open(self, project: OpenProject, tmp_path: Path, format: str) -> None:
        with pytest.raises(FormatError, match="no form that is safe for spreadsheets; use one of: csv"):
            exported_decisions(project, format, tmp_path / "out", for_spreadsheets=True)
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize("format", ["csv", "jsonl"])
    def test_can_be_read_as_a_manifest(self, project: OpenProject, tmp_path: Path, format: str) -> None:
        clips = add_clips(project, len(HOSTILE))
        with project.write() as session:
            for clip_id, text in zip(clips, HOSTILE, strict=True):
                stored = session.get_one(Clip, clip_id)
                stored.file_name, stored.transcript, stored.extra = text, text, {"room": text}
        for clip in clips:
            answer(project, clip, "sad")
        exported(project, format, tmp_path / f"out.{format}")
        rows = list(read_manifest(tmp_path / f"out.{format}"))
        assert [(row.file_name, row.transcript, row.label, row.end) for row in rows if isinstance(row, SourceRow)] == [
            (text, text, "sad", 1.0) for text in HOSTILE
        ]
        assert [row.path for row in rows] == [f"/audio/{number}.wav" for number in range(len(HOSTILE))]
        assert [row.extra["room"] for row in rows if isinstance(row, SourceRow)] == list(HOSTILE)

    def test_holds_the_source_that_the_queue_gave_a_scripted_answer(self, project: OpenProject, tmp_path: Path) -> None:
        (clip,) = add_clips(project, 1)
        answer(project, clip, source=Source.SCRIPTED, queued_as=Source.RANDOM)
        (row,) = exported(project, "csv", tmp_path / "out.csv")
        assert (row["source"], row["queued_as"], row["gold"], row["seconds"]) == ("scripted", "random", "false", "")

    @pytest.mark.parametrize("format", ["csv", "jsonl", "log"])
    def test_calls_a_second_pass_by_its_name_whichever_version_stored_it(
        self, any_project: OpenProject, tmp_path: Path, format: str
    ) -> None:
        clips = add_clips(any_project, 3)
        with any_project.write() as session:
            who = annotator_named(session, "ann").id
            (lease,) = lease_next(session, annotator_id=who, limit=1, random_share=0.2, lease_seconds=60, exclude=clips[1:])
        second_pass_of_an_older_version(any_project, lease.lease_id)
        answer(any_project, clips[1], source=Source.SECOND_PASS)
        answer(any_project, clips[2], source=Source.REVIEW)
        rows = exported(any_project, format, tmp_path / "out")
        assert [row["source"] for row in rows] == ["second-pass", "second-pass", "review"]

    def test_of_an_empty_project_is_a_header(self, project: OpenProject, tmp_path: Path) -> None:
        assert exported(project, "csv", tmp_path / "out.csv") == []
        assert (tmp_path / "out.csv").read_text().startswith("file_name,path,start,end,")

    def test_names_the_output_it_cannot_write(self, project: OpenProject, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        for output, problem in (
            (tmp_path / "none" / "out.csv", "does not exist"),
            (tmp_path / "folder", "is a folder"),
            (Path("/proc/out.csv"), "cannot be written"),
            (tmp_path / ("x" * 300), "cannot be written"),
        ):
            with pytest.raises(FormatError, match=problem):
                exported_decisions(project, "csv", output)
        with pytest.raises(FormatError, match=r"use one of: .*csv, .*jsonl, .*log"):
            exported_decisions(project, "xls", tmp_path / "out.xls")

    def test_replaces_an_older_file_only_when_it_is_whole(
        self, project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full_disk(contents: Contents, path: Path) -> int:
            path.write_text("half a ro")
            raise OSError(28, "No space left on device")

        monkeypatch.setitem(EXPORTERS, "full", Exporter(name="full", suffix=".csv", description="A full disk.", write=full_disk))
        (tmp_path / "out.csv").write_text("yesterday's")
        with pytest.raises(FormatError, match="No space left on device"):
            exported_decisions(project, "full", tmp_path / "out.csv")
        assert (tmp_path / "out.csv").read_text() == "yesterday's"
        assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out.csv"]

    def test_follows_a_link_and_writes_into_a_device(self, project: OpenProject, tmp_path: Path) -> None:
        (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
        exported(project, "csv", tmp_path / "link.csv")
        assert (tmp_path / "link.csv").is_symlink()
        assert (tmp_path / "real.csv").is_file()
        assert exported_decisions(project, "csv", Path("/dev/null")).rows == 0
