"""Import of answers: a CSV or JSONL file with `clip` or `file_name[,start,end]`, and `label`, one answer per line.

Unlike a manifest, such a file is imported completely or not at all: the first line that cannot be used is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.errors import FormatError
from db.imports.manifest import USUAL_FILE_COLUMNS
from db.imports.tables import Columns, read_table
from db.imports.text_lines import BadLine, Record
from db.imports.times import TimeProblemError, time_of
from db.models import Answer

_CLIP_COLUMNS = ("clip", "file_name")
_COLUMNS = Columns(
    known=frozenset((*_CLIP_COLUMNS, "start", "end", "label", "answer")),
    required=[_CLIP_COLUMNS, ("label",)],
    other_names=dict.fromkeys(USUAL_FILE_COLUMNS, "file_name"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationRow:
    """One answer for a clip. The file gives the clip by its number, or by its file name and span in seconds."""

    line: int
    clip_id: int | None
    file_name: str | None
    start: float | None
    end: float | None
    answer: Answer
    label: str | None


def read_annotations(path: Path) -> Iterator[AnnotationRow]:
    """The answers in a file, read while the caller iterates.

    Where there is no label, a column `answer` may hold `unsure` or `skip`.

    Raises:
        FormatError: the file or a line of it cannot be used.
    """
    records = read_table(path, _COLUMNS)
    return (_row(path, record) for record in records)


def annotations_of(rows: Iterable[Mapping[str, Any]], *, place: Path) -> Iterator[AnnotationRow]:
    """The same for rows that are no file: each has the columns of one; other columns are passed over.

    Args:
        place: what messages name, with the row's number from 1 as its line.

    Raises:
        FormatError: a row cannot be used.
    """
    return (_row(place, Record(number, dict(row))) for number, row in enumerate(rows, start=1))


def _row(path: Path, record: Record | BadLine) -> AnnotationRow:
    if isinstance(record, BadLine):
        raise FormatError(f"{path}: {record.reason[0].lower()}{record.reason[1:]}")
    line, values = record.line, record.values
    clip, file_name = _clip_number(path, line, values.get("clip")), _file_name(path, line, values.get("file_name"))
    if clip is None and file_name is None:
        raise FormatError(f"{path}: line {line} names no clip; give clip or file_name.")
    answer, label = _answer(path, line, values)
    return AnnotationRow(
        line=line,
        clip_id=clip,
        file_name=file_name,
        start=_seconds(path, record, "start"),
        end=_seconds(path, record, "end"),
        answer=answer,
        label=label,
    )


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _clip_number(path: Path, line: int, value: Any) -> int | None:
    if _blank(value):
        return None
    try:
        if isinstance(value, (bool, float)):
            raise ValueError
        number = int(value)
    except (ValueError, TypeError):
        number = 0
    if not 0 < number < 2**31:
        raise FormatError(f"{path}: line {line} has {str(value)[:40]!r} as clip; give the number that `earmark queue` shows.")
    return number


def _file_name(path: Path, line: int, value: Any) -> str | None:
    if _blank(value):
        return None
    if not isinstance(value, str):
        raise FormatError(f"{path}: line {line} has {str(value)[:40]!r} as file_name; give a text.")
    return value


def _seconds(path: Path, record: Record, column: str) -> float | None:
    value = record.values.get(column)
    try:
        return time_of(value, decimal_comma=record.decimal_comma)
    except TimeProblemError as problem:
        raise FormatError(f"{path}: line {record.line} has {str(value)[:40]!r} as {column}; {problem}.") from None


def _answer(path: Path, line: int, values: dict[str, Any]) -> tuple[Answer, str | None]:
    label, other = values.get("label"), values.get("answer")
    if not _blank(label):
        if isinstance(label, (bool, list, dict)):
            raise FormatError(f"{path}: line {line} has {str(label)[:40]!r} as label; give a text.")
        return Answer.LABEL, str(label).strip()
    if other in (Answer.UNSURE, Answer.SKIP):
        return Answer(other), None
    raise FormatError(f"{path}: line {line} has no label; give one, or write `unsure` or `skip` in a column answer.")
