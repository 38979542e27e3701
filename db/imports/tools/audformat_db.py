"""Import of databases of audformat: labels of tables, with raters, speakers and splits."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from db.errors import FormatError
from db.imports.handed_over import HandedAnswer, HandedOverRow, HandedSuggestion
from db.imports.json_lines import problem_in
from db.imports.manifest import BadRow, RowReader, is_too_long
from db.imports.remarks import Remarks
from db.imports.text_lines import BadLine, Record
from db.imports.times import TimesIn
from db.imports.tools.audformat_header import HEADER, Header, Table, read_header
from db.imports.tools.audformat_tables import table_records
from db.imports.tools.values import label_in, moment_in, score_in, text_in
from db.models import Answer

_ANSWERS, _OUTCOMES, _TIMES = "-answers", "-outcomes", "-times"
"""What Earmark calls the tables that hold a column for each annotator, after the name of the table with the clips."""
_OURS = ("kind", "agreement", "confidence", "predicted", "predicted_score", "predicted_by")
_KINDS = ("gold", "consensus", "predicted", "none")
_OUTCOME = {"label": Answer.LABEL, "gold": Answer.LABEL, "unsure": Answer.UNSURE, "skip": Answer.SKIP}

Key = tuple[Any, Any, Any]
"""File, start and end of a row."""


def read_audformat(folder: Path, *, label: str | None = None, remarks: Remarks | None = None) -> Iterator[HandedOverRow | BadRow]:
    """The rows of all tables that hold labels, read while the caller iterates; several of them may hold the same clip.

    A column is an answer of its rater, or a suggestion if the rater is a machine. A speaker is taken from the table itself, or
    from one that lists speakers by file. Where Earmark exported decisions, these are the answers, and not what follows from them.

    Args:
        folder: the one that holds `db.yaml`. Its tables are CSV or Parquet files.
        label: the scheme or column that holds labels; needed where several could.
        remarks: takes what is noticed; complete once the last row is read.

    Raises:
        FormatError: the header or a table cannot be read, or it is not clear which labels are meant.
    """
    root = Path(os.path.abspath(folder))
    header = read_header(root, label=label)
    beside = {table + kind for table in header.tables for kind in (_ANSWERS, _OUTCOMES, _TIMES)}
    tables = [table for table in header.tables.values() if table.id not in beside and header.label_columns(table)]
    if not tables and header.tables:
        raise FormatError(f"No table of {root / HEADER} has a column with {header.label!r}; name another scheme or column.")
    reader = _Reader(root, header, Remarks() if remarks is None else remarks)
    return (row for table in tables for row in reader.rows(table))


@dataclass
class _GivenBeside:
    """Labels, outcomes and times by clip and annotator."""

    labels: dict[Key, dict[str, Any]] = field(default_factory=dict)
    outcomes: dict[Key, dict[str, Any]] = field(default_factory=dict)
    times: dict[Key, dict[str, Any]] = field(default_factory=dict)


class _Reader:
    def __init__(self, root: Path, header: Header, remarks: Remarks) -> None:
        self._root, self._header = root, header
        self._clips = RowReader(root / HEADER, TimesIn.SECONDS, remarks, folder=root)
        self._speakers: dict[Any, Any] | None = None

    def rows(self, table: Table) -> Iterator[HandedOverRow | BadRow]:
        beside = self._beside(table) if table.id + _ANSWERS in self._header.tables else None
        for record in table_records(self._root, table.id):
            clip = self._clips.row(record if isinstance(record, BadLine) else self._record(record, table))
            if isinstance(clip, BadRow):
                name = f"Row {clip.number} of table {table.id}"
                yield replace(clip, reason=name + clip.reason.removeprefix(f"Line {clip.number}"))
                continue
            assert isinstance(record, Record)
            values, source = record.values, record.values.get("source")
            if values.get("kind") in _KINDS and isinstance(source, str) and source.strip() and not is_too_long(source):
                # The name that the clip had before Earmark exported it.
                clip = replace(clip, file_name=source)
            yield HandedOverRow(
                clip=clip,
                answers=tuple(self._answers(table, values) if beside is None else _answers_beside(beside, _key(values))),
                suggestions=tuple(self._suggestions(table, values)),
            )

    def _record(self, record: Record, table: Table) -> Record | BadLine:
        """What a row says about its clip, as a line of a manifest says it."""
        values = record.values
        is_ours = values.get("kind") in _KINDS
        used = {"file", *(column.id for column in self._header.label_columns(table)), *((*_OURS, "source") if is_ours else ())}
        found = {key: _storable(value) for key, value in values.items() if key not in used and value is not None}
        found |= {"file_name": values.get("file"), "split": table.split}
        if "speaker" not in values:
            found["speaker"] = self._speaker_of(values.get("file"))
        problem = problem_in(found)
        return Record(record.line, found) if problem is None else BadLine(record.line, f"Line {record.line} {problem}.", found)

    def _speaker_of(self, file: Any) -> Any:
        if self._speakers is None:
            self._speakers = {}
            for table in self._header.tables.values():
                columns = [each.id for each in table.columns if "speaker" in (each.id, each.scheme)]
                if columns and not table.is_segmented:
                    for record in table_records(self._root, table.id):
                        if (speaker := record.values.get(columns[0])) is not None:
                            self._speakers.setdefault(record.values.get("file"), _storable(speaker))
        return self._speakers.get(file)

    def _beside(self, table: Table) -> _GivenBeside:
        found = _GivenBeside()
        for kind, into in ((_ANSWERS, found.labels), (_OUTCOMES, found.outcomes), (_TIMES, found.times)):
            if (other := self._header.tables.get(table.id + kind)) is None:
                continue
            raters = {column.id: column.rater or column.id for column in other.columns}
            for record in table_records(self._root, other.id):
                given = {raters[id]: value for id, value in record.values.items() if id in raters and value is not None}
                into[_key(record.values)] = given
        return found

    def _answers(self, table: Table, values: Mapping[str, Any]) -> Iterator[HandedAnswer]:
        kind = values.get("kind")
        if kind in ("predicted", "none"):
            return
        for column in self._header.label_columns(table):
            label = label_in(values.get(column.id))
            if label is not None and not column.is_machine:
                yield HandedAnswer(answer=Answer.LABEL, label=label, annotator=column.rater, gold=kind == "gold")

    def _suggestions(self, table: Table, values: Mapping[str, Any]) -> Iterator[HandedSuggestion]:
        for column in self._header.label_columns(table):
            label = label_in(values.get(column.id))
            if label is not None and column.is_machine and column.rater is not None:
                yield HandedSuggestion(label=label, origin=column.rater)
        label, origin = label_in(values.get("predicted")), text_in(values.get("predicted_by"))
        if label is not None and origin is not None:
            yield HandedSuggestion(label=label, origin=origin, score=score_in(values.get("predicted_score")))


def _answers_beside(beside: _GivenBeside, key: Key) -> Iterator[HandedAnswer]:
    labels, outcomes, times = beside.labels.get(key, {}), beside.outcomes.get(key, {}), beside.times.get(key, {})
    for rater in dict.fromkeys((*labels, *outcomes)):
        label, outcome = label_in(labels.get(rater)), outcomes.get(rater)
        answer = _OUTCOME.get(str(outcome), Answer.LABEL if label is not None else None)
        if answer is None or (answer == Answer.LABEL) != (label is not None):
            continue
        given_at = _moment(times.get(rater))
        yield HandedAnswer(answer=answer, label=label, annotator=rater, gold=outcome == "gold", given_at=given_at)


def _key(values: Mapping[str, Any]) -> Key:
    return values.get("file"), values.get("start"), values.get("end")


def _moment(value: Any) -> float | None:
    """A time as seconds since 1970; audformat's times have no offset, and Earmark writes them in UTC."""
    if isinstance(value, datetime):
        value = (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return moment_in(value)


def _storable(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
