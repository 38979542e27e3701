"""Which column of a manifest holds what, where somebody has chosen it: `label=emotion` reads the column `emotion` as the label.

A column that has a usual name but was not chosen keeps its values: they are kept with the clip under another name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from db.errors import FormatError
from db.imports.tables import Columns, read_table, table_columns
from db.imports.text_lines import BadLine, Record

FILE = "file"
MEANINGS = (FILE, "label", "start", "end", "speaker", "transcript", "split")
"""What a column may hold; `file` is the name of the audio file."""
_GUESSED = {
    FILE: ("clip", "clip_name", "recording", "sound", "audio_name", "name"),
    "label": ("emotion", "class", "category", "target", "annotation"),
    "start": ("start_time", "start_s", "onset", "begin", "tmin"),
    "end": ("end_time", "end_s", "stop", "finish", "tmax"),
    "speaker": ("speaker_id", "spk", "spk_id", "actor", "subject", "participant"),
    "transcript": ("transcription", "text", "sentence", "utterance"),
    "split": ("set", "subset", "partition", "fold"),
}
"""Usual names of columns that Earmark proposes, and takes only when somebody agrees."""
_LOOKED_AT = 50
"""Lines of a JSONL file whose keys are looked at."""


def chosen_columns(given: Sequence[str]) -> dict[str, str]:
    """What `--column MEANING=NAME` says: the column by meaning; an empty name for one that no column has.

    Raises:
        FormatError: one is no such pair, has an unknown meaning, or a meaning or column is given twice.
    """
    chosen: dict[str, str] = {}
    for pair in given:
        meaning, equals, column = pair.partition("=")
        if not equals or meaning not in MEANINGS:
            raise FormatError(f"{pair!r} chooses no column; give MEANING=NAME, where MEANING is one of: {', '.join(MEANINGS)}.")
        if meaning in chosen:
            raise FormatError(f"The column of {meaning} is chosen twice ({chosen[meaning]!r} and {column!r}); choose it once.")
        if column and column in chosen.values():
            raise FormatError(f"The column {column!r} is chosen twice; choose it once.")
        if meaning == FILE and not column:
            raise FormatError("The column of file is empty; name the one that holds the names of the audio files.")
        chosen[meaning] = column
    return chosen


def read_chosen(path: Path, columns: Columns, chosen: Mapping[str, str], **how: Any) -> Iterator[Record | BadLine]:
    """The rows of a table as `read_table` gives them, with the chosen columns under the names of their meanings.

    Args:
        columns: those that the reader knows.
        chosen: as `chosen_columns` gives it.
        how: further options of `read_table`.

    Raises:
        FormatError: as `read_table`; a chosen column is not there.
    """
    if not chosen:
        return read_table(path, columns, **how)
    spelt = {meaning: _as_read(column, columns) for meaning, column in chosen.items()}
    groups = [group for group in columns.required if FILE not in spelt]
    needed = [[column] for column in spelt.values() if column]
    wanted = replace(columns, known=columns.known | frozenset(filter(None, spelt.values())), required=[*groups, *needed])
    return (_renamed(record, spelt) for record in read_table(path, wanted, **how))


def recognised(names: Sequence[str], columns: Columns) -> dict[str, str]:
    """The column of each meaning that Earmark would propose for a table with these columns.

    The file's column is what an import takes by itself; of the others some are guesses.
    """
    by_lower = {name.lower(): name for name in reversed(names)}
    files = [*(name for group in columns.required for name in group), *columns.other_names, *_GUESSED[FILE]]
    looked_for = {FILE: files, **{meaning: [meaning, *_GUESSED[meaning]] for meaning in MEANINGS if meaning != FILE}}
    found = {meaning: next((by_lower[name] for name in usual if name in by_lower), None) for meaning, usual in looked_for.items()}
    return {meaning: name for meaning, name in found.items() if name is not None}


def columns_in(path: Path) -> list[str]:
    """The columns of a CSV or TSV file in their order, or the keys of the first objects of a JSONL file.

    Raises:
        FormatError: the file is missing, unreadable or empty, or has no header that can be read.
    """
    columns = Columns(known=frozenset(), required=[])
    named = table_columns(path, columns)
    if named is not None:
        return named
    records = islice(read_table(path, columns), _LOOKED_AT)
    return list(dict.fromkeys(key for record in records for key in record.values))


def _as_read(column: str, columns: Columns) -> str:
    """The column as `read_table` spells it: it writes those that it knows in lower case."""
    lower = column.lower()
    return lower if lower in columns.known | columns.other_names.keys() else column


def _renamed(record: Record | BadLine, chosen: Mapping[str, str]) -> Record | BadLine:
    meanings = {column: _OWN.get(meaning, meaning) for meaning, column in chosen.items() if column}
    taken = {_OWN.get(meaning, meaning) for meaning in chosen}
    values: dict[str, Any] = {}
    for column, value in record.values.items():
        if column in meanings:
            values[meanings[column]] = value
        else:
            values[f"{column} (column)" if column in taken else column] = value
    return replace(record, values=values)


_OWN = {FILE: "file_name"}
"""Meanings that a manifest calls otherwise."""
