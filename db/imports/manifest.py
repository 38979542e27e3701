"""Import of manifests: a CSV, TSV or JSONL file that lists clips, one per line.

Columns: `file_name` (or `file`, `path`, `audio_filepath`), optional `label`, `start`, `end` (seconds), `speaker`, `transcript`,
`split`; any other column is kept as `extra`. Files are named relative to the manifest, or by absolute paths; nothing is copied.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from db.imports.tables import BadLine, Record, json_object, problem_with, read_table, storable

FILE_COLUMNS = ("file_name", "file", "path", "audio_filepath")
_OUR_COLUMNS = frozenset(("label", "start", "end", "speaker", "transcript", "split"))
_KNOWN = _OUR_COLUMNS | frozenset(FILE_COLUMNS)
LONGEST_NAME = 1200
"""Most bytes of a file name, path or speaker: an index of PostgreSQL holds no more than about twice as many."""
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """A clip as its source lists it; nothing is known yet about the file itself.

    `number` is the line in the manifest (or the place in a folder's listing, from 1), `path` absolute. `start` and `end` are
    seconds; None means the beginning and the end of the file.
    """

    number: int
    file_name: str
    path: str
    label: str | None = None
    start: float | None = None
    end: float | None = None
    speaker: str | None = None
    transcript: str | None = None
    split: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A line or file that cannot become a clip, with the reason as a sentence.

    If the line names no file, `file_name` names the line.
    """

    number: int
    file_name: str
    path: str
    reason: str


class _ValueProblemError(Exception):
    """A value that cannot be used; becomes a BadRow."""


def read_manifest(path: Path) -> Iterator[SourceRow | BadRow]:
    """The rows of a manifest, read while the caller iterates.

    A line that cannot be read becomes a `BadRow` in its place, and reading continues.

    Raises:
        FormatError: the file is missing, unreadable or empty, or no column names the files.
    """
    manifest = Path(os.path.abspath(path))
    folder = str(manifest.parent)
    return (_row(manifest, folder, record) for record in read_table(manifest, known=_KNOWN, required=[FILE_COLUMNS]))


def _row(manifest: Path, folder: str, record: Record | BadLine) -> SourceRow | BadRow:
    try:
        if isinstance(record, BadLine):
            raise _ValueProblemError(record.reason)
        return _source_row(folder, record)
    except _ValueProblemError as problem:
        column = _file_column(record.values)
        name = record.values[column] if column else None
        if not isinstance(name, str) or not name.strip():
            name, path = f"line {record.line} of {manifest.name}", str(manifest)
        else:
            path = str(manifest) if problem_with(name) else absolute_path(folder, name)
        return BadRow(number=record.line, file_name=storable(name), path=storable(path), reason=storable(str(problem)))


def _source_row(folder: str, record: Record) -> SourceRow:
    line, values = record.line, record.values
    column = _file_column(values)
    if column is None:
        raise _ValueProblemError(f"Line {line} names no file; give {FILE_COLUMNS[0]} (or {', '.join(FILE_COLUMNS[1:])}).")
    file_name = values[column]
    if not isinstance(file_name, str) or not file_name.strip():
        raise _ValueProblemError(f"Line {line} has no file name in the column {column}; give one.")
    speaker = _text(values, "speaker", line)
    if is_too_long(file_name) or is_too_long(speaker or ""):
        raise _ValueProblemError(f"Line {line} has a name of more than {LONGEST_NAME} bytes; shorten it.")
    if _ADDRESS.match(file_name):
        raise _ValueProblemError(
            f"Line {line} names a web address, but nothing is downloaded; download the file yourself and give its path."
        )
    start, end = _seconds(values, "start", line), _seconds(values, "end", line)
    if end is not None and end <= (start or 0.0):
        raise _ValueProblemError(f"Line {line} ends at {end} s, not after its start at {start or 0.0} s; correct start and end.")
    path = absolute_path(folder, file_name)
    used = {column}
    # Earmark's own exports hold the name that was imported and, in `path`, where the file lay: that works from any folder.
    if column == "file_name" and isinstance(values.get("path"), str) and values["path"]:
        used.add("path")
        if not os.path.lexists(path) and not _ADDRESS.match(values["path"]):
            path = absolute_path(folder, values["path"])
    return SourceRow(
        number=line,
        file_name=file_name,
        path=path,
        label=_text(values, "label", line),
        start=start,
        end=end,
        speaker=speaker,
        transcript=_text(values, "transcript", line),
        split=_text(values, "split", line),
        extra=_extra(values, used),
    )


def is_too_long(name: str) -> bool:
    """Whether a name is longer than a database can index."""
    return len(name) * 4 > LONGEST_NAME and len(name.encode("utf-8", "surrogatepass")) > LONGEST_NAME


def absolute_path(folder: str, name: str) -> str:
    """The absolute path of `name` relative to `folder`; `..` is resolved as the operating system does it, also after links."""
    joined = os.path.join(folder, name)
    return os.path.realpath(joined) if ".." in joined.split("/") else os.path.normpath(joined)


def _file_column(values: dict[str, Any]) -> str | None:
    for column in FILE_COLUMNS:
        if values.get(column):
            return column
    return next((column for column in FILE_COLUMNS if column in values), None)


def _seconds(values: dict[str, Any], column: str, line: int) -> float | None:
    value = values.get(column)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise TypeError
        seconds = float(value)
    except (ValueError, TypeError, OverflowError):
        raise _ValueProblemError(f"Line {line} has {str(value)[:40]!r} as {column}; give seconds as a number.") from None
    if not math.isfinite(seconds) or seconds < 0:
        raise _ValueProblemError(f"Line {line} has {str(value)[:40]!r} as {column}; give seconds, 0 or more.")
    return seconds + 0.0  # -0.0 becomes 0.0


def _text(values: dict[str, Any], column: str, line: int) -> str | None:
    value = values.get(column)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise _ValueProblemError(f"Line {line} has {str(value)[:40]!r} as {column}; give a text.")
    text = value if isinstance(value, str) else str(value)
    stripped = text.strip()
    return (text if column == "transcript" else stripped) if stripped else None


def _extra(values: dict[str, Any], used: set[str]) -> dict[str, Any]:
    """The columns without a meaning for Earmark; the `extra` of Earmark's own exports is unpacked, not nested once more."""
    extra = {key: value for key, value in values.items() if key not in used and key not in _OUR_COLUMNS}
    if "extra" not in extra:
        return extra
    packed = extra.pop("extra")
    unpacked = json_object(packed) if isinstance(packed, str) and packed.startswith("{") else packed
    if isinstance(unpacked, dict):
        return {**unpacked, **extra}
    return extra if packed in ("", None) else {**extra, "extra": packed}
