"""Export as a database of audformat: a header, and for each split a table of its clips.

Tables are Parquet files: in CSV files audformat takes the labels `nan`, `NA` and `null` for missing ones, also between quotes.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from db.exports.choice import RowsOf
from db.exports.contents import Contents
from db.exports.formats.audformat_header import Column, Table, header
from db.exports.rows import ClipRow, GivenAnswerRow
from db.exports.splits import usual_split
from db.models import Answer

if TYPE_CHECKING:
    from pyarrow import parquet

_CLIP = (
    Column("label", "label"),
    Column("kind", "kind"),
    Column("agreement", "share"),
    Column("confidence", "share"),
    Column("speaker", "text"),
    Column("transcript", "text"),
    Column("predicted", "label"),
    Column("predicted_score", "share"),
    Column("predicted_by", "text"),
    Column("source", "text"),
    Column("extra", "text"),
)
_INDEX = frozenset(("file", "start", "end"))
_WITHOUT_SPLIT = "clips"
_BATCH = 5000
_LATEST = 9_214_646_400.0
"""The year 2262: pandas counts nanoseconds in 64 bits."""


def write_audformat(contents: Contents, folder: Path) -> int:
    """Write the header and the tables `train`, `dev`, `test` and `clips` (without a split), as far as there are clips of them.

    With a row for each decision, three more tables for each split have a column for each annotator: `…-answers` with labels,
    `…-outcomes` with what kind of answer it was, and `…-times` with when it was given, in UTC. A split with any other name, such
    as a fold, has tables called `split-1` and so on. All tables name clips by their files, or where any clip is a part of its
    file by file, start and end. Returns the number of clips, or of decisions.
    """
    wanted, tally = _wanted(contents)
    survey = _Survey(wanted)
    for row in contents.clips():
        survey.add(row)
    is_segmented = survey.has_parts and not contents.is_cut
    columns_of = {scheme: survey.rater_columns(scheme) for scheme in ("label", "outcome", "time")}
    rows = 0
    with _Tables(folder, is_segmented=is_segmented) as tables:
        for row in contents.clips():
            answers = survey.answers(row)
            if wanted is not None and row.answers and not answers:
                continue
            rows += 1 if wanted is None else len(answers)
            table, split = survey.table(row)
            index = _index(row, contents.audio(row))
            tables.add(table, Table(_CLIP, split), index, _clip_values(row))
            for kind, scheme, values in _by_rater(answers) if wanted is not None else ():
                columns = columns_of[scheme]
                tables.add(f"{table}-{kind}", Table(columns, split), index, [values.get(each.rater or "") for each in columns])
    contents.tally = tally or contents.tally
    text = header(
        name=contents.facts.name,
        description="Exported by Earmark; README.md is its data sheet.",
        labels=list(dict.fromkeys((*contents.labels.in_use(), *sorted(survey.labels)))),
        raters=sorted(survey.raters) if wanted is not None else [],
        is_segmented=is_segmented,
        tables=tables.written,
    )
    (folder / "db.yaml").write_text(text, encoding="utf-8", newline="\n")
    return rows


def _wanted(contents: Contents) -> tuple[set[str] | None, Any]:
    """The UUIDs of the chosen decisions and their tally; None for an export of clips."""
    if contents.choice.rows != RowsOf.DECISIONS:
        return None, None
    wanted = {row["uuid"] for row in contents.flat_rows()}
    return wanted, replace(contents.tally)


@dataclass
class _Survey:
    """What the header must know before the first table is written."""

    wanted: Collection[str] | None
    labels: set[str] = field(default_factory=set)
    raters: set[str] = field(default_factory=set)
    splits: set[str] = field(default_factory=set)
    has_parts: bool = False

    def add(self, row: ClipRow) -> None:
        """Take a clip into account."""
        answers = self.answers(row)
        found = (row.label, row.predicted and row.predicted.label, *(answer.label for answer in answers))
        self.labels.update(label for label in found if label)
        self.raters.update(answer.annotator for answer in answers)
        self.has_parts |= not row.whole
        if row.split and usual_split(row.split) is None:
            self.splits.add(row.split)

    def answers(self, row: ClipRow) -> list[GivenAnswerRow]:
        """The chosen answers of a clip."""
        return [answer for answer in row.answers if self.wanted is not None and answer.uuid in self.wanted]

    def table(self, row: ClipRow) -> tuple[str, str | None]:
        """The names of a clip's table and split."""
        if not row.split:
            return _WITHOUT_SPLIT, None
        usual = usual_split(row.split)
        return (usual, usual) if usual else (self._names_of_splits[row.split], row.split)

    @functools.cached_property
    def _names_of_splits(self) -> dict[str, str]:
        return {split: f"split-{number}" for number, split in enumerate(sorted(self.splits), start=1)}

    def rater_columns(self, scheme: str) -> list[Column]:
        """A column for each annotator, called like the annotator as far as that is not the name of an index."""
        found: list[Column] = []
        for rater in sorted(self.raters):
            name = rater
            while name in _INDEX or (name != rater and name in self.raters):
                name += "_"
            found.append(Column(name, scheme, rater))
        return found


def _index(row: ClipRow, file: str) -> list[Any]:
    return [file, round(row.start * 1_000_000_000), round(row.end * 1_000_000_000)]


def _clip_values(row: ClipRow) -> list[Any]:
    predicted = row.predicted
    return [
        row.label,
        row.kind.value,
        row.agreement,
        row.confidence,
        row.speaker,
        row.transcript,
        predicted and predicted.label,
        predicted and predicted.score,
        predicted and predicted.origin,
        row.file_name,
        json.dumps(row.extra, ensure_ascii=False) if row.extra else None,
    ]


def _by_rater(answers: Sequence[GivenAnswerRow]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Kind of table, its scheme, and the values by annotator."""
    yield "answers", "label", {answer.annotator: answer.label for answer in answers}
    yield "outcomes", "outcome", {answer.annotator: _outcome(answer) for answer in answers}
    yield "times", "time", {answer.annotator: _time(answer.answered_at) for answer in answers}


def _time(answered_at: float) -> datetime:
    return datetime.fromtimestamp(min(max(answered_at, 0.0), _LATEST), UTC).replace(tzinfo=None)


def _outcome(answer: GivenAnswerRow) -> str:
    return "gold" if answer.gold and answer.answer == Answer.LABEL else answer.answer.value


class _Tables:
    """The tables while they are written, a batch at a time."""

    def __init__(self, folder: Path, *, is_segmented: bool) -> None:
        self._folder, self._is_segmented = folder, is_segmented
        self._writers: dict[str, parquet.ParquetWriter] = {}
        self._rows: dict[str, list[list[Any]]] = {}
        self.written: dict[str, Table] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for name in self.written:
            if kind is None and self._rows[name]:
                self._flush(name)
        for writer in self._writers.values():
            writer.close()

    def add(self, name: str, table: Table, index: list[Any], values: list[Any]) -> None:
        """Add a row to a table, which is made if it is not there."""
        self.written.setdefault(name, table)
        rows = self._rows.setdefault(name, [])
        rows.append([*(index if self._is_segmented else index[:1]), *values])
        if len(rows) == _BATCH:
            self._flush(name)

    def _flush(self, name: str) -> None:
        # Loading pyarrow takes a while, and most commands do not need it.
        import pyarrow as pa
        from pyarrow import parquet

        types = {"share": pa.float64(), "time": pa.timestamp("ns")}
        span = [("start", pa.duration("ns")), ("end", pa.duration("ns"))] if self._is_segmented else []
        columns = [(column.id, types.get(column.scheme, pa.string())) for column in self.written[name].columns]
        schema = pa.schema([("file", pa.string()), *span, *columns])
        arrays = [
            pa.array(values, type=each.type) for values, each in zip(zip(*self._rows[name], strict=True), schema, strict=True)
        ]
        if name not in self._writers:
            self._writers[name] = parquet.ParquetWriter(self._folder / f"db.{name}.parquet", schema)
        self._writers[name].write_table(pa.table(arrays, schema=schema))
        self._rows[name] = []
