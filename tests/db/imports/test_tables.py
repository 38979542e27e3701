"""Tables as spreadsheets and other tools write them, and tables of absurd size."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from db.errors import FormatError
from db.imports import text_lines
from db.imports.annotation_file import read_annotations
from db.imports.manifest import USUAL_FILE_COLUMNS, BadRow, SourceRow, read_manifest
from db.imports.remarks import Remarks


def rows_of(path: Path, content: str, *, encoding: str = "utf-8") -> list[SourceRow | BadRow]:
    path.write_bytes(content.encode(encoding))
    return list(read_manifest(path))


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "\nsep=;"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_line_that_names_the_delimiter_is_obeyed(tmp_path: Path, first: str, encoding: str) -> None:
    content = f"{first}\r\nfile;label\r\nb.wav;sad\r\n"
    (row,) = rows_of(tmp_path / "m.csv", content, encoding=encoding)
    assert isinstance(row, SourceRow)
    assert (row.file_name, row.label, row.number) == ("b.wav", "sad", 4 if first.startswith("\n") else 3)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~"])
def test_any_sign_may_be_named_as_the_delimiter(tmp_path: Path, delimiter: str) -> None:
    text = f"sep={delimiter}\n" + "\n".join(delimiter.join(line) for line in [("file", "label"), ("a.wav", "x y")])
    (row,) = rows_of(tmp_path / "m.csv", text)
    assert isinstance(row, SourceRow)
    assert (row.file_name, row.label) == ("a.wav", "x y")


@pytest.mark.parametrize("column", USUAL_FILE_COLUMNS)
def test_the_usual_names_of_the_file_column_are_taken(tmp_path: Path, column: str) -> None:
    remarks = Remarks()
    (tmp_path / "m.csv").write_text(f"{column.title()};lbl\na.wav;x\nb.wav;y\n")
    (tmp_path / "m.jsonl").write_text(f'{{"{column}": "a.wav", "lbl": "x"}}\n{{"{column}": "b.wav", "lbl": "y"}}\n')
    for name in ("m.csv", "m.jsonl"):
        remarks = Remarks()
        found = list(read_manifest(tmp_path / name, remarks=remarks))
        assert [(row.file_name, row.extra) for row in found if isinstance(row, SourceRow)] == [
            ("a.wav", {"lbl": "x"}), ("b.wav", {"lbl": "y"}),
        ]  # fmt: skip
        assert remarks.sentences() == [f"The column {column!r} is read as file_name."]


def test_beside_a_column_of_ours_another_name_is_only_kept(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path / "m.csv", "filename,path\nshown.wav,a.wav\n")
    assert isinstance(row, SourceRow)
    assert (row.file_name, row.extra) == ("a.wav", {"filename": "shown.wav"})


def test_an_answers_file_takes_the_usual_names_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("filename,label\na.wav,sad\n")
    (row,) = read_annotations(tmp_path / "a.csv")
    assert (row.file_name, row.label) == ("a.wav", "sad")


@pytest.mark.parametrize(
    ("header", "hint"),
    [("fil_name,label", "rename 'fil_name' to file_name"), ("File Name,label", "rename 'File Name' to file_name")],
)
def test_of_other_columns_the_nearest_is_named(tmp_path: Path, header: str, hint: str) -> None:
    with pytest.raises(FormatError, match=f"the columns found are: .*; {hint} if that is meant"):
        rows_of(tmp_path / "m.csv", f"{header}\na.wav,x\n")


@pytest.mark.parametrize("name", ["file", "c"])
def test_a_million_columns_are_refused_at_once(tmp_path: Path, name: str) -> None:
    header = ",".join([name, *(f"c{number}" for number in range(1_000_000))])
    began = time.process_time()
    with pytest.raises(FormatError, match="has 1000001 columns, and at most 10000 are read"):
        rows_of(tmp_path / "m.csv", f"{header}\na.wav\n")
    assert time.process_time() - began < 10


def test_ten_thousand_columns_are_read(tmp_path: Path) -> None:
    header = ["file", *(f"c{number}" for number in range(9_999))]
    (row,) = rows_of(tmp_path / "m.csv", ",".join(header) + "\n" + ",".join(["a.wav"] * 10_000) + "\n")
    assert isinstance(row, SourceRow)
    assert len(row.extra) == 9_999


def test_a_json_line_of_too_many_keys_is_one_bad_line(tmp_path: Path) -> None:
    keys = ", ".join(f'"k{number}": 1' for number in range(10_001))
    found = rows_of(tmp_path / "m.jsonl", f'{{"file": "a.wav"}}\n{{"file": "b.wav", {keys}}}\n{{"file": "c.wav"}}\n')
    assert [isinstance(row, BadRow) for row in found] == [False, True, False]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("over", [1, 2, 99, 100, 101, 250])
def test_a_line_without_end_loses_no_other_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, over: int) -> None:
    monkeypatch.setattr(text_lines, "LONGEST_LINE", 100)
    monkeypatch.setattr("db.imports.tables.LONGEST_LINE", 100)
    monkeypatch.setattr("db.imports.json_lines.LONGEST_LINE", 100)
    long = "x" * (100 + over)
    first, bad, last = rows_of(tmp_path / "m.csv", end.join(["file,note", "a.wav,1", f"b.wav,{long}", "c.wav,2", ""]))
    assert (first.file_name, last.file_name) == ("a.wav", "c.wav")
    assert isinstance(bad, BadRow)
    assert "longer than 100 characters" in bad.reason
    lines = ['{"file": "a.wav"}', f'{{"file": "b.wav", "note": "{long}"}}', '{"file": "c.wav"}']
    assert [row.file_name for row in rows_of(tmp_path / "m.jsonl", "\n".join(lines)) if isinstance(row, SourceRow)] == [
        "a.wav", "c.wav",
    ]  # fmt: skip


def test_a_header_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_lines, "LONGEST_LINE", 100)
    monkeypatch.setattr("db.imports.tables.LONGEST_LINE", 100)
    with pytest.raises(FormatError, match="longer than 100 characters"):
        rows_of(tmp_path / "m.csv", "file," + "x" * 500 + "\na.wav,1\n")


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl"])
@pytest.mark.parametrize("text", ["NA", "nan", "null", "None", "True", "007", "1e3", "-", "N/A", "inf", "0"])
def test_labels_and_speakers_are_texts_whatever_they_look_like(tmp_path: Path, suffix: str, text: str) -> None:
    delimiter = "\t" if suffix == "tsv" else ","
    content = "\n".join(delimiter.join(line) for line in [("file", "label", "speaker"), ("a.wav", text, text)])
    if suffix == "jsonl":
        content = f'{{"file": "a.wav", "label": "{text}", "speaker": "{text}"}}'
    (row,) = rows_of(tmp_path / f"m.{suffix}", content)
    assert isinstance(row, SourceRow)
    assert (row.label, row.speaker) == (text, text)


@pytest.mark.parametrize(("name", "first"), [("m.csv", "file,label"), ("m.jsonl", '{"file": "a.wav"}')])
def test_whoever_wants_the_first_rows_waits_for_no_end_of_empty_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, first: str
) -> None:
    monkeypatch.setattr(text_lines, "MOST_EMPTY", 100)
    with pytest.raises(FormatError, match=rf"{name} has more than 100 empty lines in a row; remove them"):
        rows_of(tmp_path / name, f"{first}\n" + "\n" * 200)
    assert rows_of(tmp_path / name, f"{first}\n" + "\n" * 100) is not None
