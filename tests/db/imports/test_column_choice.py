"""Columns of a manifest that somebody has chosen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from db.errors import FormatError
from db.imports.column_choice import chosen_columns, columns_in, recognised
from db.imports.manifest import MANIFEST_COLUMNS, SourceRow, read_manifest


def table(tmp_path: Path, *lines: str, name: str = "clips.csv") -> Path:
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def only_row(path: Path, **columns: str) -> SourceRow:
    (row,) = read_manifest(path, columns=columns)
    assert isinstance(row, SourceRow)
    return row


def test_chosen_columns_are_read_as_what_they_hold(tmp_path: Path) -> None:
    path = table(tmp_path, "Take;Emotion;from;to;who;room", "a.wav;angry;0,5;1,5;Ann;kitchen")
    row = only_row(path, file="Take", label="Emotion", start="from", end="to", speaker="who")
    assert (row.file_name, row.path) == ("a.wav", str(tmp_path / "a.wav"))
    assert (row.label, row.start, row.end, row.speaker) == ("angry", 0.5, 1.5, "Ann")
    assert row.extra == {"room": "kitchen"}


def test_a_column_that_was_passed_over_keeps_its_values(tmp_path: Path) -> None:
    path = table(tmp_path, "file_name,label,emotion", "a.wav,1,angry")
    row = only_row(path, label="emotion")
    assert row.label == "angry"
    assert row.extra == {"label (column)": "1"}


def test_a_column_may_mean_nothing(tmp_path: Path) -> None:
    row = only_row(table(tmp_path, "file_name,label", "a.wav,1"), label="")
    assert row.label is None
    assert row.extra == {"label (column)": "1"}


def test_keys_of_json_lines_are_chosen_too(tmp_path: Path) -> None:
    path = table(tmp_path, json.dumps({"clip": "a.wav", "mood": "sad"}), name="clips.jsonl")
    assert columns_in(path) == ["clip", "mood"]
    assert only_row(path, file="clip", label="mood").label == "sad"


def test_the_usual_name_of_the_file_column_stays_when_another_column_is_chosen(tmp_path: Path) -> None:
    row = only_row(table(tmp_path, "Filename,Emotion", "a.wav,angry"), label="Emotion")
    assert (row.file_name, row.label) == ("a.wav", "angry")


def test_a_chosen_column_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"has no column mood; the columns found are: 'file_name', 'modo'"):
        read_manifest(table(tmp_path, "file_name,modo", "a.wav,x"), columns={"label": "mood"})


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["label"], "'label' chooses no column"),
        (["colour=x"], "'colour=x' chooses no column; give MEANING=NAME, where MEANING is one of: file, label"),
        (["label=a", "label=b"], "The column of label is chosen twice"),
        (["label=a", "speaker=a"], "The column 'a' is chosen twice"),
        (["file="], "The column of file is empty"),
    ],
)
def test_what_chooses_no_column_is_one_sentence(given: list[str], sentence: str) -> None:
    with pytest.raises(FormatError, match=sentence):
        chosen_columns(given)


def test_a_column_name_may_hold_an_equals_sign() -> None:
    assert chosen_columns(["label=a=b"]) == {"label": "a=b"}


def test_usual_names_are_recognised() -> None:
    names = ["WAV_path", "Emotion", "start_time", "End", "Actor", "sentence", "room"]
    assert recognised(names, MANIFEST_COLUMNS) == {
        "file": "WAV_path",
        "label": "Emotion",
        "start": "start_time",
        "end": "End",
        "speaker": "Actor",
        "transcript": "sentence",
    }


def test_a_table_without_a_file_column_shows_its_columns(tmp_path: Path) -> None:
    assert columns_in(table(tmp_path, "a;b;c", "1;2;3")) == ["a", "b", "c"]
