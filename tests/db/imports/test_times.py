"""Times of tables: seconds, milliseconds, samples, clock times, and decimal commas where these are no delimiters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from db.errors import FormatError
from db.imports.annotation_file import read_annotations
from db.imports.manifest import CLOCK_TIME, BadRow, SourceRow, read_manifest
from db.imports.remarks import Remarks
from db.imports.times import TimeProblemError, TimesIn, time_of


@pytest.mark.parametrize(
    ("value", "times_in", "expected"),
    [
        ("1.5", "seconds", 1.5),
        (" 2 ", "seconds", 2.0),
        (3, "seconds", 3.0),
        ("1e1", "seconds", 10.0),
        ("", "seconds", None),
        (None, "clock", None),
        ("1500", "milliseconds", 1.5),
        (250, "milliseconds", 0.25),
        ("24000", "samples", 24000.0),
        ("00:00:01.5", "clock", 1.5),
        ("1:02:03", "clock", 3723.0),
        ("2:03,25", "clock", 123.25),
        ("90:00", "clock", 5400.0),
        ("12.5", "clock", 12.5),
    ],
)
def test_a_time_is_read(value: Any, times_in: str, expected: float | None) -> None:
    assert time_of(value, TimesIn(times_in)) == expected


@pytest.mark.parametrize(
    ("value", "times_in", "remedy"),
    [
        ("soon", "seconds", "give seconds as a number"),
        ("1_0", "seconds", "give seconds as a number"),
        ("1,5", "seconds", "give seconds as a number"),
        (True, "seconds", "give seconds as a number"),
        ("-1", "seconds", "give seconds, 0 or more"),
        ("nan", "milliseconds", "give milliseconds, 0 or more"),
        ("x", "samples", "give samples as a number"),
        ("0:75", "clock", "less than 60 minutes and 60 seconds"),
        ("1:60:00", "clock", "less than 60 minutes and 60 seconds"),
        ("1:2:3:4", "clock", "give seconds as a number"),
    ],
)
def test_what_is_no_time_is_refused(value: Any, times_in: str, remedy: str) -> None:
    with pytest.raises(TimeProblemError, match=remedy):
        time_of(value, TimesIn(times_in))


@pytest.mark.parametrize(("value", "expected"), [("1,5", 1.5), ("1.5", 1.5), ("0,25", 0.25), ("3", 3.0)])
def test_a_decimal_comma_is_a_number_where_commas_are_no_delimiters(value: str, expected: float) -> None:
    assert time_of(value, decimal_comma=True) == expected


@pytest.mark.parametrize("value", ["1.234,5", "1,234,5", "1,2.3"])
def test_thousands_are_not_guessed(value: str) -> None:
    with pytest.raises(TimeProblemError):
        time_of(value, decimal_comma=True)


def spans(path: Path, content: str, **options: Any) -> list[tuple[float | None, float | None]]:
    path.write_text(content)
    return [(row.start, row.end) for row in read_manifest(path, **options) if isinstance(row, SourceRow)]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_manifest_of_a_spreadsheet_has_decimal_commas(tmp_path: Path, delimiter: str) -> None:
    lines = [("file", "start", "end"), ("a.wav", "0", "1,5"), ("b.wav", "1,5", "3")]
    text = "\r\n".join(delimiter.join(line) for line in lines)
    assert spans(tmp_path / "m.csv", text) == [(0.0, 1.5), (1.5, 3.0)]


def test_an_answers_file_may_have_decimal_commas_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("file_name;start;end;label\na.wav;0,5;1,5;sad\n")
    (row,) = read_annotations(tmp_path / "a.csv")
    assert (row.start, row.end) == (0.5, 1.5)
    (tmp_path / "a.csv").write_text('file_name,start,end,label\na.wav,"0,5",1,sad\n')
    with pytest.raises(FormatError, match="'0,5' as start; give seconds as a number"):
        list(read_annotations(tmp_path / "a.csv"))


def test_a_manifest_may_be_in_milliseconds_or_samples(tmp_path: Path) -> None:
    text = "file,start,end\na.wav,1500,3000\n"
    assert spans(tmp_path / "m.csv", text, times_in=TimesIn.MILLISECONDS) == [(1.5, 3.0)]
    (tmp_path / "m.csv").write_text(text)
    (row,) = read_manifest(tmp_path / "m.csv", times_in=TimesIn.SAMPLES)
    assert isinstance(row, SourceRow)
    assert (row.start, row.end, row.in_samples) == (1500.0, 3000.0, True)


def test_clock_times_are_remarked_on_once(tmp_path: Path) -> None:
    text = "file,start,end\na.wav,0:01,0:02\nb.wav,0:03,0:04\nc.wav,1,2\n"
    remarks = Remarks()
    (tmp_path / "m.csv").write_text(text)
    first, second, third = read_manifest(tmp_path / "m.csv", remarks=remarks)
    assert isinstance(first, BadRow)
    assert isinstance(second, BadRow)
    assert isinstance(third, SourceRow)
    assert (first.kind, second.kind) == (CLOCK_TIME, CLOCK_TIME)
    assert remarks.sentences() == ["2 lines have clock times (the first is line 2: '0:01'); import again with --times-in clock."]
    assert spans(tmp_path / "m.csv", text, times_in=TimesIn.CLOCK) == [(1.0, 2.0), (3.0, 4.0), (1.0, 2.0)]
