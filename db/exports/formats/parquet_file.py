"""Export as Parquet: the rows of CSV with types, for pandas, Polars, DuckDB and Spark."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from db.exports.contents import Contents

_GROUP = 20_000
"""Rows of a row group: so many are in memory at once."""
_NUMBERS = frozenset(("start", "end", "agreement", "confidence", "predicted_score", "seconds"))
_COUNTS = frozenset(("answers", "run", "plays", "guidelines"))
_TRUTHS = frozenset(("suggestion_shown", "gold"))
_TIMES = frozenset(("answered_at", "created_at"))
_OBJECTS = frozenset(("extra", "by_annotator"))
_AS_JSON = json.JSONEncoder(ensure_ascii=False).encode


def write_parquet(contents: Contents, path: Path) -> int:
    """Write rows as Parquet with Zstandard compression; returns their number.

    Times are timestamps in UTC with microseconds, scores and seconds are doubles, counts 64-bit integers. `extra` and
    `by_annotator` are texts that hold a JSON object: their keys differ from row to row. The same rows give the same bytes, as
    long as the version of pyarrow is the same.
    """
    import pyarrow as pa
    from pyarrow import parquet

    columns = contents.columns
    types = [_type(name, pa) for name in columns]
    schema = pa.schema(list(zip(columns, types, strict=True)))
    rows, count = contents.flat_rows(), 0
    with open(path, "wb") as file, parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        while group := list(islice(rows, _GROUP)):
            arrays = [pa.array(_values(name, group), kind) for name, kind in zip(columns, types, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            count += len(group)
    return count


def _type(name: str, pa: Any) -> Any:
    if name in _TIMES:
        return pa.timestamp("us", tz="UTC")
    if name in _NUMBERS:
        return pa.float64()
    if name in _COUNTS:
        return pa.int64()
    return pa.bool_() if name in _TRUTHS else pa.string()


def _values(name: str, rows: list[dict[str, Any]]) -> list[Any]:
    if name in _TIMES:
        return [None if row[name] is None else datetime.fromisoformat(row[name]) for row in rows]
    if name in _OBJECTS:
        return [_AS_JSON(row[name]) if row[name] else "{}" for row in rows]
    return [row[name] for row in rows]
