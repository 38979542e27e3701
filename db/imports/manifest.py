"""Import of manifests: a CSV, TSV or JSONL file that lists clips, one per line, or a label file of FT-w2v2-ser.

Columns: `file_name` (or `file`, `path`, `audio_filepath`, or another usual name), optional `label`, `start`, `end`, `speaker`,
`transcript`, `split`; any other column is kept as `extra`. Files are named relative to the manifest, or by absolute paths;
nothing is copied.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from db.imports.column_choice import read_chosen
from db.imports.file_names import FileNames, NameProblemError, Place, absolute_path, is_web_address, lines_name, shown
from db.imports.json_lines import json_object
from db.imports.remarks import Remarks
from db.imports.tables import Columns
from db.imports.text_lines import BadLine, Record, problem_with, storable
from db.imports.times import TimeProblemError, TimesIn, is_clock_time, time_of

FILE_COLUMNS = ("file_name", "file", "path", "audio_filepath")
USUAL_FILE_COLUMNS = (
    *("filename", "filepath", "file_path", "fname", "slice_file_name", "wav_filename", "audio_filename", "audio_file"),
    *("audio_path", "wav_file", "wav_path", "wav", "audio"),
)
"""What other tools and corpora call the column; it is taken where none of `FILE_COLUMNS` is there."""
_OUR_COLUMNS = frozenset(("label", "start", "end", "speaker", "transcript", "split"))
MANIFEST_COLUMNS = Columns(
    known=_OUR_COLUMNS | frozenset(FILE_COLUMNS),
    required=[FILE_COLUMNS],
    other_names=dict.fromkeys(USUAL_FILE_COLUMNS, FILE_COLUMNS[0]),
)
LONGEST_NAME = 1200
"""Most bytes of a file name, path or speaker: an index of PostgreSQL holds no more than about twice as many."""
CLOCK_TIME = "clock-time"
"""The kind of rows that are rejected because they have times with a colon, and no `TimesIn.CLOCK`."""
WINDOWS_PATH = "windows-path"
"""The kind of rows that are rejected because no end of their Windows path exists here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """A clip as its source lists it; nothing is known yet about the file itself.

    `number` is the line in the manifest (or the place in a folder's listing, from 1), `path` absolute. `start` and `end` are
    seconds, or with `in_samples` numbers of samples of the file; None means the beginning and the end of the file.
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
    packed: dict[str, Any] | None = None
    """What the column `extra` of an export of Earmark's holds; it is in `extra` too, where other columns may have its names."""
    in_samples: bool = False
    if_missing: str | None = None
    """What to say if there is no such file, where it is not the usual sentence: a Windows path that leads nowhere here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A line or file that cannot become a clip, with the reason as a sentence.

    If the line names no file, `file_name` names the line. A `kind` is given where a remark on the source explains all rows of it.
    """

    number: int
    file_name: str
    path: str
    reason: str
    kind: str | None = None


class _ValueProblemError(Exception):
    """A value that cannot be used; becomes a BadRow."""

    def __init__(self, reason: str, kind: str | None = None) -> None:
        super().__init__(reason)
        self.kind = kind


def read_manifest(
    path: Path,
    *,
    times_in: TimesIn = TimesIn.SECONDS,
    columns: Mapping[str, str] | None = None,
    audio_folder: Path | None = None,
    remarks: Remarks | None = None,
) -> Iterator[SourceRow | BadRow]:
    """The rows of a manifest, read while the caller iterates.

    A line that cannot be read becomes a `BadRow` in its place, and reading continues.

    Args:
        times_in: what `start` and `end` are given in.
        columns: which column holds what, as `chosen_columns` gives it; the others have their usual names.
        audio_folder: what names of files are relative to, if it is not the manifest's folder.
        remarks: takes what is noticed about many lines; complete once the last row is read.

    Raises:
        FormatError: the file is missing, unreadable or empty, or no column names the files.
    """
    manifest = Path(os.path.abspath(path))
    remarks = Remarks() if remarks is None else remarks
    records = read_chosen(manifest, MANIFEST_COLUMNS, columns or {}, remarks=remarks)
    folder = None if audio_folder is None else Path(os.path.abspath(audio_folder))
    reader = RowReader(manifest, times_in, remarks, folder=folder)
    return (reader.row(record) for record in records)


class RowReader:
    """Makes rows of the records of one manifest.

    Args:
        manifest: its absolute path, for messages.
        folder: what names of files are relative to, if it is not the manifest's.
    """

    def __init__(self, manifest: Path, times_in: TimesIn, remarks: Remarks, *, folder: Path | None = None) -> None:
        self._manifest, self._times_in, self._remarks = manifest, times_in, remarks
        self._folder = str(folder or manifest.parent)
        self._names = FileNames(self._folder, remarks)

    def row(self, record: Record | BadLine) -> SourceRow | BadRow:
        """The clip that a record lists; what is wrong with it begins with `Line` and its number."""
        try:
            if isinstance(record, BadLine):
                raise _ValueProblemError(record.reason)
            return self._source_row(record)
        except _ValueProblemError as problem:
            column = _file_column(record.values)
            name = record.values[column] if column else None
            if not isinstance(name, str) or not name.strip():
                name, path = f"line {record.line} of {self._manifest.name}", str(self._manifest)
            else:
                path = str(self._manifest) if problem_with(name) else absolute_path(self._folder, name)
            reason = storable(str(problem))
            return BadRow(number=record.line, file_name=storable(name), path=storable(path), reason=reason, kind=problem.kind)

    def _source_row(self, record: Record) -> SourceRow:
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
        if is_web_address(file_name):
            raise _ValueProblemError(
                f"Line {line} names a web address, but nothing is downloaded; download the file yourself and give its path."
            )
        start, end = self._time(record, "start"), self._time(record, "end")
        if end is not None and end <= (start or 0.0):
            unit = "samples" if self._times_in == TimesIn.SAMPLES else "s"
            raise _ValueProblemError(
                f"Line {line} ends at {end} {unit}, not after its start at {start or 0.0} {unit}; correct start and end."
            )
        # Earmark's own exports hold the name that was imported and, in `path`, where the file lay.
        second = values.get("path") if column == "file_name" else None
        second = second if isinstance(second, str) and second else None
        try:
            place = self._place(file_name, second)
        except NameProblemError as problem:
            raise _ValueProblemError(f"Line {line} {problem}.") from None
        return SourceRow(
            number=line,
            file_name=file_name,
            path=place.path,
            label=_text(values, "label", line),
            start=start,
            end=end,
            speaker=speaker,
            transcript=_text(values, "transcript", line),
            split=_text(values, "split", line),
            extra=_extra(values, {column} if second is None else {column, "path"}),
            packed=_packed(values),
            in_samples=self._times_in == TimesIn.SAMPLES,
            if_missing=place.if_missing,
        )

    def _place(self, name: str, second: str | None) -> Place:
        """Where the file lies: as `name` says or else, where that is not there, as `second` says."""
        given = None
        if second is not None and not is_web_address(second) and not os.path.lexists(absolute_path(self._folder, name)):
            given = self._names.place(second)
            if os.path.lexists(given.path):
                return given
        place = self._names.place(name)
        if given is not None and given.if_missing is None and not os.path.lexists(place.path):
            return given
        if place.if_missing is not None:
            self._remarks.add(
                WINDOWS_PATH,
                lambda count: (
                    f"{lines_name(count)} a Windows path, no end of which exists below {self._folder} (first {shown(name)}); "
                    "copy the files there with their folders, or write names relative to the manifest."
                ),
            )
        return place

    def _time(self, record: Record, column: str) -> float | None:
        value = record.values.get(column)
        try:
            return time_of(value, self._times_in, decimal_comma=record.decimal_comma)
        except TimeProblemError as problem:
            line, found = record.line, str(value)[:40]
            kind = CLOCK_TIME if is_clock_time(value) and self._times_in != TimesIn.CLOCK else None
            if kind is not None:
                self._remarks.add(
                    kind,
                    lambda count: (
                        f"{count} line{' has' if count == 1 else 's have'} clock times (the first is line {line}: {found!r}); "
                        "import again with --times-in clock."
                    ),
                )
            or_else = "" if kind is None else ", or import it with --times-in clock"
            raise _ValueProblemError(f"Line {line} has {found!r} as {column}; {problem}{or_else}.", kind) from None


def is_too_long(name: str) -> bool:
    """Whether a name is longer than a database can index."""
    return len(name) * 4 > LONGEST_NAME and len(name.encode("utf-8", "surrogatepass")) > LONGEST_NAME


def _file_column(values: dict[str, Any]) -> str | None:
    for column in FILE_COLUMNS:
        if values.get(column):
            return column
    return next((column for column in FILE_COLUMNS if column in values), None)


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
    packed, unpacked = extra.pop("extra"), _packed(values)
    if unpacked is not None:
        return {**unpacked, **extra}
    return extra if packed in ("", None) else {**extra, "extra": packed}


def _packed(values: dict[str, Any]) -> dict[str, Any] | None:
    """The `extra` of Earmark's own exports; None without one."""
    packed = values.get("extra")
    unpacked = json_object(packed) if isinstance(packed, str) and packed.startswith("{") else packed
    return unpacked if isinstance(unpacked, dict) else None
