"""Rows of CSV, TSV and JSONL files, one at a time: what manifests and annotation files have in common.

People make these files with spreadsheets, scripts and editors, so encoding and delimiter are detected. A line that cannot be read
becomes a `BadLine` with the reason, and reading continues. Only the line being read is held in memory.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import math
import stat
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from db.errors import FormatError

_DELIMITERS = (",", ";", "\t", "|")
_DEEPEST = 32
"""Most levels of nesting in a JSON line; a database may refuse deeper ones."""


@dataclass(frozen=True, slots=True)
class Record:
    """A line that could be read: its number (1 is the first line of the file) and its values by column."""

    line: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that could not be read, the reason as a sentence, and the values that could still be read."""

    line: int
    reason: str
    values: dict[str, Any] = field(default_factory=dict)


def read_table(path: Path, *, known: Collection[str], required: Sequence[Sequence[str]]) -> Iterator[Record | BadLine]:
    """The rows of a CSV, TSV or JSONL file. The file is checked at once; its rows are read while the caller iterates.

    Args:
        path: the file; its content, not its name, decides between CSV and JSONL.
        known: columns that have a meaning, in lower case; CSV headers may write them in any case.
        required: groups of columns; a CSV header must have at least one column of each group.

    Raises:
        FormatError: the file is missing, unreadable, empty, or has none of the columns of a required group.
    """
    encoding = _encoding(path)
    first = _first_character(path, encoding)
    if first == "":
        raise FormatError(f"{path} is empty; it needs a header line with the column {required[0][0]}.")
    if first == "[" and path.suffix.lower() in {".json", ".jsonl"}:
        raise FormatError(f"{path} is one JSON list; write one JSON object per line instead (JSON Lines).")
    if first == "{":
        return _json_records(path, encoding)
    delimiter, columns = _header(path, encoding, known=known, required=required)
    return _csv_records(path, encoding, delimiter, columns)


def storable(text: str) -> str:
    """The text for messages: what no database stores (undecodable bytes, lone surrogates, NUL) is written as escapes."""
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "backslashreplace")
    return raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def problem_with(text: str) -> str | None:
    """Why the text cannot be stored in a database, or None if it can."""
    if "\0" in text:
        return "holds a NUL character; remove it"
    if text.isascii():
        return None
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "holds bytes that are not UTF-8; rename the file or save the text as UTF-8"
    return None


def _open(path: Path, encoding: str) -> io.TextIOWrapper:
    # Undecodable bytes must not stop the reading: they become marks, for which `problem_with` rejects the line.
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    return open(path, encoding=encoding, errors=errors, newline="")


def _encoding(path: Path) -> str:
    """The encoding, detected by its byte order mark, or by the zero bytes that UTF-16 has at every second place of plain text."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise FormatError(f"{path} is not a regular file; give a CSV, TSV or JSONL file.")
        with open(path, "rb") as file:
            head = file.read(4096)
    except FileNotFoundError as error:
        raise FormatError(f"{path} does not exist; check the name.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FormatError(f"{str(path)!r} cannot be read ({reason}); check its name and permissions.") from error
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = head[0::2], head[1::2]
    if len(odd) >= 4 and odd.count(0) > 0.7 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    if len(odd) >= 4 and even.count(0) > 0.7 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "utf-16-be"
    return "utf-8"


def _first_character(path: Path, encoding: str) -> str:
    with _open(path, encoding) as file:
        while piece := file.read(4096):
            if stripped := piece.lstrip():
                return stripped[0]
    return ""


def _header(path: Path, encoding: str, *, known: Collection[str], required: Sequence[Sequence[str]]) -> tuple[str, list[str]]:
    """Delimiter and columns, with the delimiter that gives the most known columns."""
    usual = "\t" if path.suffix.lower() == ".tsv" else ","
    best: tuple[int, str, list[str]] | None = None
    for delimiter in (usual, *(other for other in _DELIMITERS if other != usual)):
        columns = _columns(path, encoding, delimiter, known)
        score = sum(column in known for column in columns)
        if columns and (best is None or score > best[0]):
            best = score, delimiter, columns
    if best is None:
        raise FormatError(f"{path} has a header line that cannot be read; check its quotes.")
    _, delimiter, columns = best
    for group in required:
        if not any(column in columns for column in group):
            wanted = group[0] + (f" (or {', '.join(group[1:])})" if len(group) > 1 else "")
            raise FormatError(f"{path} has no column {wanted}; the columns found are: {_listed(columns)}.")
    for column in columns:
        if columns.count(column) > 1:
            raise FormatError(f"{path} has the column {column!r} twice; rename one of them.")
    return delimiter, columns


def _columns(path: Path, encoding: str, delimiter: str, known: Collection[str]) -> list[str]:
    with _open(path, encoding) as file:
        try:
            found = next(filter(None, csv.reader(file, delimiter=delimiter, strict=True)), [])
        except csv.Error:
            return []
    stripped = [column.strip() or f"column {number}" for number, column in enumerate(found, start=1)]
    return [column.lower() if column.lower() in known else column for column in stripped]


def _listed(columns: list[str]) -> str:
    shown = ", ".join(repr(column[:40]) for column in columns[:12])
    return shown + (f" and {len(columns) - 12} more" if len(columns) > 12 else "")


class _Lines:
    """Lines of a file for `csv.reader`. Lines can be given back: a broken record is read again from its second line."""

    def __init__(self, file: io.TextIOWrapper) -> None:
        self._file = file
        self._given_back: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._given_back.popleft() if self._given_back else next(self._file)
        self.number += 1
        self.taken.append(line)
        return line

    def give_back_all_but_first(self) -> None:
        rest = self.taken[1:]
        self._given_back.extendleft(reversed(rest))
        self.number -= len(rest)


def _csv_records(path: Path, encoding: str, delimiter: str, columns: list[str]) -> Iterator[Record | BadLine]:
    with _open(path, encoding) as file:
        lines = _Lines(file)
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
                yield _csv_record(line, fields, columns)


def _csv_record(line: int, fields: list[str], columns: list[str]) -> Record | BadLine:
    if len(fields) != len(columns):
        reason = f"Line {line} has {len(fields)} fields, but the header has {len(columns)}."
        return BadLine(line, reason, dict(zip(columns, fields, strict=False)))
    values = dict(zip(columns, fields, strict=True))
    if problem := problem_with("".join(fields)):
        return BadLine(line, f"Line {line} {problem}.", values)
    return Record(line, values)


def _unquoted(line: str, delimiter: str, columns: int) -> list[str]:
    """The fields of a line if its quotation marks are plain text, as in many TSV files; [] if the line does not fit so either."""
    fields = line.rstrip("\r\n").split(delimiter)
    longest = max(len(text) for text in fields)
    return fields if delimiter == "\t" and len(fields) == columns and longest <= csv.field_size_limit() else []


def _in_words(error: csv.Error) -> str:
    text = str(error)
    if "field larger" in text:
        return f"a field is longer than {csv.field_size_limit()} characters"
    if "unexpected end" in text:
        return "a quote is opened and never closed"
    return f"its quotes do not match: {text}"


def _not_finite(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        _not_finite(text)
    return value


_JSON = json.JSONDecoder(parse_constant=_not_finite, parse_float=_finite)


def _json_records(path: Path, encoding: str) -> Iterator[Record | BadLine]:
    with _open(path, encoding) as file:
        for line, text in enumerate(file, start=1):
            if not text.strip():
                continue
            try:
                value = _JSON.decode(text)
            except RecursionError:
                yield BadLine(line, f"Line {line} is nested too deeply.")
                continue
            except ValueError as error:
                yield BadLine(line, f"Line {line} is not JSON ({error}).")
                continue
            if not isinstance(value, dict):
                yield BadLine(line, f"Line {line} is not a JSON object.")
            elif problem := _json_problem(text, value):
                yield BadLine(line, f"Line {line} {problem}.", value)
            else:
                yield Record(line, value)


def json_object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text holds; None if it holds none, or one that cannot be stored."""
    try:
        value = _JSON.decode(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and _json_problem(text, value) is None else None


def _json_problem(line: str, value: dict[str, Any]) -> str | None:
    if "\\u" not in line and not any(isinstance(item, (list, dict)) for item in value.values()):
        return problem_with(line)
    try:
        return next((problem for text in _texts(value, 0) if (problem := problem_with(text))), None)
    except RecursionError:
        return f"is nested more than {_DEEPEST} levels deep"


def _texts(value: Any, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        raise RecursionError
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item, depth + 1)
