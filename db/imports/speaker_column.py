"""Another column as the speaker: what is held out together when accuracy is measured, such as the sessions of a corpus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from db.imports.file_names import shown
from db.imports.manifest import LONGEST_NAME, BadRow, SourceRow, is_too_long
from db.imports.remarks import Remarks


def speakers_from(column: str, rows: Iterator[SourceRow | BadRow], *, remarks: Remarks) -> Iterator[SourceRow | BadRow]:
    """The rows with the value of a column in `extra` as their speaker; their own speaker is kept in `extra`, as `speaker`.

    A row without a value has no speaker. Remarks count such rows.
    """
    for row in rows:
        yield row if isinstance(row, BadRow) else _with_speaker(row, column, remarks)


def _with_speaker(row: SourceRow, column: str, remarks: Remarks) -> SourceRow | BadRow:
    value = row.extra.get(column)
    name = str(value).strip() if isinstance(value, (str, int, float)) else ""
    if not name:
        remarks.add("no speaker", lambda count: _without(count, column))
    if is_too_long(name):
        reason = f"Its {shown(column)}, which is taken as the speaker, has more than {LONGEST_NAME} bytes; shorten it."
        return BadRow(number=row.number, file_name=row.file_name, path=row.path, reason=reason)
    extra = row.extra if row.speaker is None else {**row.extra, "speaker": row.speaker}
    return replace(row, speaker=name or None, extra=extra)


def _without(count: int, column: str) -> str:
    clips = "1 clip has" if count == 1 else f"{count} clips have"
    return f"{clips} no value in the column {shown(column)}, and so no known speaker."
