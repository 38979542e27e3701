"""The tables of a database of audformat: CSV or Parquet files. Pickled ones are not read, because that could run anything."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from db.errors import FormatError
from db.imports.tables import Columns, read_table
from db.imports.text_lines import BadLine, Record
from db.imports.tools.audformat_header import HEADER

_COLUMNS = Columns(known=frozenset(("file", "start", "end")), required=[("file",)])
_TIMES = ("start", "end")
_SPAN = re.compile(r"(?:([0-9]{1,6}) days?,? ?\+?)?([0-9]{1,6}):([0-9]{2}):([0-9]{2}(?:\.[0-9]+)?)")
_NUMBER = re.compile(r"([0-9]*\.?[0-9]+) ?(s|ms)?")
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_BATCH = 1000


def table_records(folder: Path, table: str) -> Iterator[Record | BadLine]:
    """The rows of a table, read while the caller iterates; `start` and `end` are in seconds, or what is no time as it is.

    Raises:
        FormatError: there is no such file, or it cannot be read.
    """
    beside = folder / HEADER.replace(".yaml", f".{table}")
    parquet, csv, pickled = (beside.with_name(f"{beside.name}.{suffix}") for suffix in ("parquet", "csv", "pkl"))
    if parquet.exists():
        yield from _of_parquet(parquet)
    elif csv.exists():
        for record in read_table(csv, _COLUMNS):
            yield record if isinstance(record, BadLine) else Record(record.line, _in_seconds(record.values))
    elif pickled.exists():
        raise FormatError(f"{pickled} is pickled, and reading it could run a program; save the database once more as csv.")
    else:
        raise FormatError(f"{csv} does not exist, although {folder / HEADER} lists the table; save the database once more.")


def _in_seconds(values: dict[str, Any]) -> dict[str, Any]:
    found = {key: None if value == "" else value for key, value in values.items()}
    for name in _TIMES:
        if isinstance(text := found.get(name), str):
            found[name] = _seconds(text.strip())
    return found


def _seconds(text: str) -> float | str | None:
    """Seconds of a time as pandas writes it (`0 days 00:00:01.5`) or of a number with a unit; the text if it is neither."""
    if text in ("", "NaT"):
        return None
    if found := _SPAN.fullmatch(text):
        return int(found[1] or 0) * 86_400 + int(found[2]) * 3600 + int(found[3]) * 60 + float(found[4])
    if number := _NUMBER.fullmatch(text):
        return float(number[1]) / (1000 if number[2] == "ms" else 1)
    return text


def _of_parquet(path: Path) -> Iterator[Record | BadLine]:
    # Loading pyarrow takes a while, and most imports do not need it.
    import pyarrow as pa
    from pyarrow import parquet

    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            if "file" not in file.schema_arrow.names:
                raise FormatError(f"{path} has no column 'file'; save the database once more with audformat.")
            for batch in file.iter_batches(batch_size=_BATCH):
                columns = {field.name: _values(batch.column(at), field.type, pa) for at, field in enumerate(batch.schema)}
                for row in zip(*columns.values(), strict=True):
                    number += 1
                    yield Record(number, dict(zip(columns, row, strict=True)))
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise FormatError(f"{path} cannot be read after row {number} ({reason}); save the database once more.") from error


def _values(column: Any, type: Any, pa: Any) -> list[Any]:
    if pa.types.is_duration(type):
        unit = _PER_SECOND[type.unit]
        return [None if value is None else value / unit for value in column.cast(pa.int64()).to_pylist()]
    if pa.types.is_timestamp(type):
        column = column.cast(pa.timestamp("us", tz=type.tz), safe=False)
    return [_plain(value) for value in column.to_pylist()]


def _plain(value: Any) -> Any:
    """A value that JSON can hold, or a time; anything else as a text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (str, int, datetime)) else str(value)[:1000]
