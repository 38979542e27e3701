"""Rows of CSV, TSV and JSONL files and of label files, one at a time: what manifests and annotation files have in common.

People make these files with spreadsheets, scripts and editors, so encoding and delimiter are detected. A line that cannot be read
becomes a `BadLine` with the reason, and reading continues. Only the line being read is held in memory.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from db.errors import FormatError
from db.imports.json_lines import json_records
from db.imports.label_sets import holds_label_sets, label_set_records
from db.imports.remarks import Remarks
from db.imports.text_lines import (
    LONGEST_LINE,
    MOST_COLUMNS,
    BadLine,
    Record,
    encoding_of,
    first_character,
    lines_of,
    open_text,
    problem_with,
)

_DELIMITERS = (",", ";", "\t", "|")
_NAMED_DELIMITER = re.compile(r'"?sep=([^\w\s"]|\t| )"?[\r\n]*', re.IGNORECASE)
_SHOWN = 12
"""Most columns that a message lists."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns that a reader of tables knows, in lower case; CSV headers may write them in any case."""

    known: frozenset[str]
    """Those that have a meaning."""
    required: Sequence[Sequence[str]]
    """Groups of columns; a table must have at least one column of each group."""
    other_names: Mapping[str, str] = field(default_factory=dict)
    """Usual names of a column, with the name that it has here; they count where no column of its group is there."""

    def renamed(self, columns: Collection[str]) -> tuple[str, str] | None:
        """A column that has another usual name, and its name here; None if every group is there, or none such is."""
        for group in self.required:
            if not any(column in columns for column in group):
                for other, name in self.other_names.items():
                    if name in group and other in columns:
                        return other, name
        return None


def read_table(path: Path, columns: Columns, *, remarks: Remarks | None = None) -> Iterator[Record | BadLine]:
    """The rows of a CSV, TSV or JSONL file, or of a label file of FT-w2v2-ser.

    The file is checked at once; its rows are read while the caller iterates.

    Where commas do not separate the columns, a number may have a decimal comma (`Record.decimal_comma`). A first line such as
    `sep=;`, which spreadsheets write, names the delimiter.

    Args:
        path: the file; its content, not its name, decides which of these it is.
        remarks: takes what is noticed.

    Raises:
        FormatError: the file is missing, unreadable, empty, or has none of the columns of a required group.
    """
    remarks = Remarks() if remarks is None else remarks
    encoding = encoding_of(path)
    first = first_character(path, encoding)
    if first == "":
        raise FormatError(f"{path} is empty; it needs a header line with the column {columns.required[0][0]}.")
    if first == "[" and path.suffix.lower() in {".json", ".jsonl"}:
        raise FormatError(f"{path} is one JSON list; write one JSON object per line instead (JSON Lines).")
    if first == "{":
        is_sets = holds_label_sets(path, encoding=encoding)
        records = label_set_records(path, encoding, remarks=remarks) if is_sets else json_records(path, encoding)
        return _renamed_keys(records, columns, remarks)
    delimiter, header = _header(path, encoding, columns, remarks)
    return _csv_records(path, encoding, delimiter, header)


def table_columns(path: Path, columns: Columns) -> list[str] | None:
    """The columns in the header of a CSV or TSV file; None for a JSONL file, which has no header.

    Raises:
        FormatError: as `read_table`.
    """
    encoding = encoding_of(path)
    first = first_character(path, encoding)
    if first == "":
        raise FormatError(f"{path} is empty; it needs a header line that names its columns.")
    return None if first == "{" else _header(path, encoding, columns, Remarks())[1]


def _renamed_keys(records: Iterator[Record | BadLine], columns: Columns, remarks: Remarks) -> Iterator[Record | BadLine]:
    for record in records:
        if record.values and (found := columns.renamed(record.values)):
            _remark_on_name(remarks, *found)
            record.values[found[1]] = record.values.pop(found[0])
        yield record


def _remark_on_name(remarks: Remarks, other: str, name: str) -> None:
    remarks.add(f"column {other}", lambda _: f"The column {other!r} is read as {name}.")


def _header(path: Path, encoding: str, columns: Columns, remarks: Remarks) -> tuple[str, list[str]]:
    """Delimiter and columns, with the delimiter that gives the most known columns, unless the file names one."""
    usual = "\t" if path.suffix.lower() == ".tsv" else ","
    named = _named_delimiter(path, encoding)
    best: tuple[tuple[int, int], str, list[str]] | None = None
    problem = "it has no columns"
    for delimiter in [named] if named else (usual, *(other for other in _DELIMITERS if other != usual)):
        try:
            header = _columns(path, encoding, delimiter, columns)
        except csv.Error as error:
            problem = _in_words(error)
            continue
        known = sum(column in columns.known or column in columns.other_names for column in header)
        # Where no column is known, many columns are more likely than one.
        score = (known, 0 if known else len(header))
        if header and (best is None or score > best[0]):
            best = score, delimiter, header
    if best is None:
        raise FormatError(f"{path} has a header line that cannot be read ({problem}); check its quotes.")
    _, delimiter, header = best
    if len(header) > MOST_COLUMNS:
        raise FormatError(f"{path} has {len(header)} columns, and at most {MOST_COLUMNS} are read; leave columns out.")
    if found := columns.renamed(header):
        _remark_on_name(remarks, *found)
        header[header.index(found[0])] = found[1]
    for group in columns.required:
        if not any(column in header for column in group):
            raise FormatError(f"{path} has no column {_wanted(group)}; the columns found are: {_listed(header, group)}.")
    twice = next((column for column, count in Counter(header).items() if count > 1), None)
    if twice is not None:
        raise FormatError(f"{path} has the column {twice!r} twice; rename one of them.")
    return delimiter, header


def _named_delimiter(path: Path, encoding: str) -> str | None:
    with open_text(path, encoding) as file:
        return _Lines(file).named_delimiter()


def _columns(path: Path, encoding: str, delimiter: str, columns: Columns) -> list[str]:
    with open_text(path, encoding) as file:
        lines = _Lines(file)
        lines.named_delimiter()
        found = next(filter(None, csv.reader(lines, delimiter=delimiter, strict=True)), [])
    stripped = [column.strip() or f"column {number}" for number, column in enumerate(found, start=1)]
    meant = columns.known | columns.other_names.keys()
    return [column.lower() if column.lower() in meant else column for column in stripped]


def _wanted(group: Sequence[str]) -> str:
    return group[0] + (f" (or {', '.join(group[1:])})" if len(group) > 1 else "")


def _listed(header: list[str], group: Sequence[str]) -> str:
    """The columns that were found, and which of them is most like one that is missing."""
    named = [column[:40] for column in header[:_SHOWN]]
    shown = ", ".join(map(repr, named)) + (f" and {len(header) - _SHOWN} more" if len(header) > _SHOWN else "")
    for column in named:
        if near := difflib.get_close_matches(column.lower(), group, n=1, cutoff=0.7):
            return f"{shown}; rename {column!r} to {near[0]} if that is meant"
    return shown


class _Lines:
    """Lines of a file for `csv.reader`. Lines can be given back: a broken record is read again from its second line.

    Raises:
        csv.Error: while the caller iterates: a line is too long; its beginning is taken.
    """

    def __init__(self, file: io.TextIOWrapper) -> None:
        self._lines = lines_of(file)
        self._given_back: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._given_back.popleft() if self._given_back else next(self._lines)
        self.number += 1
        self.taken.append(line)
        if len(line) > LONGEST_LINE:
            raise csv.Error(f"line longer than {LONGEST_LINE} characters")
        return line

    def named_delimiter(self) -> str | None:
        """The delimiter that a line such as `sep=;` names; this line and the empty ones before it are taken."""
        while line := next(self._lines, ""):
            if found := _NAMED_DELIMITER.fullmatch(line):
                self.number += 1
                return found[1]
            if line.strip("\r\n"):
                self._given_back.append(line)
                return None
            self.number += 1
        return None

    def give_back_all_but_first(self) -> None:
        rest = self.taken[1:]
        self._given_back.extendleft(reversed(rest))
        self.number -= len(rest)


def _csv_records(path: Path, encoding: str, delimiter: str, columns: list[str]) -> Iterator[Record | BadLine]:
    with open_text(path, encoding) as file:
        lines = _Lines(file)
        lines.named_delimiter()
        # Strict, since the lenient reader lets an unclosed quote swallow all the lines that follow it.
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        # Empty lines before the header count as lines.
        next(filter(None, reader))
        while True:
            lines.taken.clear()
            line = lines.number + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                lines.give_back_all_but_first()
                fields = _unquoted(lines.taken[0], delimiter, len(columns))
                if not fields:
                    yield BadLine(line, f"Line {line} cannot be read ({_in_words(error)}).")
                    continue
            except OSError as error:
                raise FormatError(f"{path} cannot be read beyond line {line} ({error.strerror}); check the disk.") from error
            if fields:
                yield _csv_record(line, fields, columns, decimal_comma=delimiter != ",")


def _csv_record(line: int, fields: list[str], columns: list[str], *, decimal_comma: bool) -> Record | BadLine:
    if len(fields) != len(columns):
        reason = f"Line {line} has {len(fields)} fields, but the header has {len(columns)}."
        return BadLine(line, reason, dict(zip(columns, fields, strict=False)))
    values = dict(zip(columns, fields, strict=True))
    if problem := problem_with("".join(fields)):
        return BadLine(line, f"Line {line} {problem}.", values)
    return Record(line, values, decimal_comma)


def _unquoted(line: str, delimiter: str, columns: int) -> list[str]:
    """The fields of a line if its quotation marks are plain text, as in many TSV files; [] if the line does not fit so either."""
    if delimiter != "\t" or len(line) > LONGEST_LINE:
        return []
    fields = line.rstrip("\r\n").split(delimiter)
    return fields if len(fields) == columns and max(map(len, fields)) <= csv.field_size_limit() else []


def _in_words(error: csv.Error) -> str:
    text = str(error)
    if "field larger" in text:
        return f"a field is longer than {csv.field_size_limit()} characters"
    if "line longer" in text:
        return f"it is longer than {LONGEST_LINE} characters"
    if "unexpected end" in text:
        return "a quote is opened and never closed"
    # The text names the delimiter, which may be a tab.
    return "its quotes do not match: " + "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
