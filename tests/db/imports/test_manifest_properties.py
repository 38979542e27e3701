"""Properties of manifests: what csv and json write is read back unchanged, and the reader copes with any bytes."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from db.errors import FormatError
from db.imports.manifest import BadRow, SourceRow, read_manifest

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
names = texts.filter(lambda text: bool(text.strip()) and "://" not in text)
rows = st.lists(st.tuples(names, texts, texts, texts, texts), max_size=8)


@contextmanager
def scratch(suffix: str, content: bytes = b"") -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"manifest{suffix}"
        path.write_bytes(content)
        yield path


def read(path: Path) -> list[tuple[str, str | None, str | None, str | None, str]]:
    found = list(read_manifest(path))
    assert not [row for row in found if isinstance(row, BadRow)]
    return [
        (row.file_name, row.label, row.speaker, row.transcript, row.extra["note"]) for row in found if isinstance(row, SourceRow)
    ]


def expected(written: list[tuple[str, str, str, str, str]]) -> list[tuple[str, str | None, str | None, str | None, str]]:
    """Labels and speakers lose the space around them, blank texts become None; all else stays."""
    return [
        (name, label.strip() or None, speaker.strip() or None, transcript if transcript.strip() else None, note)
        for name, label, speaker, transcript, note in written
    ]


@settings(deadline=None)
@given(rows=rows, delimiter=st.sampled_from([",", ";", "\t", "|"]), encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
@example(rows=[("a\r\nb", "\n", '"', "\r", "'")], delimiter=",", encoding="utf-8")
@example(rows=[("\ufeff", "\u2028", "\x85", "\x1c", "\x1a")], delimiter=";", encoding="utf-16")
def test_what_csv_writes_is_read_back(rows: list[tuple[str, str, str, str, str]], delimiter: str, encoding: str) -> None:
    with scratch(".csv") as path:
        with open(path, "w", encoding=encoding, newline="") as file:
            writer = csv.writer(file, delimiter=delimiter)
            writer.writerow(["file_name", "label", "speaker", "transcript", "note"])
            writer.writerows(rows)
        assert read(path) == expected(rows)


@settings(deadline=None)
@given(rows=rows, ascii_only=st.booleans())
def test_what_json_writes_is_read_back(rows: list[tuple[str, str, str, str, str]], ascii_only: bool) -> None:
    columns = ("file_name", "label", "speaker", "transcript", "note")
    lines = [json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=ascii_only) for row in rows]
    with scratch(".jsonl", "\n".join(["{}", *lines]).encode()) as path:
        empty, *found = list(read_manifest(path))
        assert isinstance(empty, BadRow)
        assert [row.file_name for row in found] == [row[0] for row in rows]
        assert all(isinstance(row, SourceRow) for row in found)


@settings(deadline=None)
@given(
    garbage=st.lists(
        st.one_of(st.binary(max_size=60), st.sampled_from([b'"', b"\n", b",", b"\r", b"\0", b"a.wav,sad\n"])), max_size=12
    )
)
def test_any_bytes_are_rows_or_reasons(garbage: list[bytes]) -> None:
    with scratch(".csv", b"file_name,label\nfirst.wav,sad\n" + b"".join(garbage)) as path:
        found = list(read_manifest(path))
    assert found[0].file_name.startswith("first.wav")
    assert [row.number for row in found] == sorted(row.number for row in found)
    for row in found:
        row.file_name.encode()
        assert not isinstance(row, BadRow) or row.reason.encode()


@settings(deadline=None)
@given(content=st.binary(max_size=200))
def test_a_file_of_any_bytes_is_read_or_refused(content: bytes) -> None:
    with scratch(".csv", content) as path:
        try:
            for row in read_manifest(path):
                row.file_name.encode()
        except FormatError:
            pass


@settings(deadline=None)
@given(before=rows, after=rows, bad=st.sampled_from(['"open', '"a"b,c', "x,y", "\0,,,,"]))
def test_a_broken_line_loses_no_other_line(
    before: list[tuple[str, str, str, str, str]], after: list[tuple[str, str, str, str, str]], bad: str
) -> None:
    def plain(rows: list[tuple[str, str, str, str, str]]) -> list[list[str]]:
        return [["".join(c for c in text if c not in '"\r\n,') or "x" for text in row] for row in rows]

    first, last = plain(before), plain(after)
    lines = [",".join(row) for row in first] + [bad] + [",".join(row) for row in last]
    with scratch(".csv", "\r\n".join(["file_name,label,speaker,transcript,note", *lines]).encode()) as path:
        found = list(read_manifest(path))
    wanted = [row[0] for row in first + last if row[0].strip() and "://" not in row[0]]
    assert [row.file_name for row in found if isinstance(row, SourceRow)] == wanted
