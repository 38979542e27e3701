"""Which column of a manifest holds what, chosen by a lead, and its first rows as they would be read."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import streamlit as st

from db.errors import FormatError
from db.imports.column_choice import FILE, MEANINGS, chosen_columns, columns_in, recognised
from db.imports.manifest import MANIFEST_COLUMNS, BadRow, SourceRow, read_manifest
from db.imports.remarks import Remarks
from db.imports.times import TimesIn
from labeler.app.pages.plain_text import plain
from labeler.app.pages.setup.adding.tables import show_table

PREVIEWED, LOOKED_AT, SHOWN_PROBLEMS = 5, 500, 8
_NONE = ""
_TITLES = {FILE: "File", "start": "Start", "end": "End"}
_UNITS = {unit: unit.value for unit in TimesIn}


@dataclass(frozen=True)
class ManifestChoice:
    """How a manifest is to be read."""

    columns: dict[str, str]
    """As `import --column` takes them: only those that differ from what an import does by itself."""
    times_in: str | None
    labels: list[str]
    """The labels on its first lines, most frequent first."""


def choose_columns(path: Path) -> ManifestChoice:
    """Show a list for each meaning, and the preview.

    Raises:
        FormatError: the manifest cannot be read at all, or no column is chosen for the files.
    """
    names = columns_in(path)
    proposed = recognised(names, MANIFEST_COLUMNS)
    chosen = _asked(path, names, proposed)
    times_in = None
    if chosen.get("start") or chosen.get("end"):
        unit = st.segmented_control("Times are in", list(_UNITS), default=TimesIn.SECONDS, required=True, key="audio-times")
        times_in = None if unit == TimesIn.SECONDS else str(unit)
    if not chosen.get(FILE):
        raise FormatError("Choose the column that holds the names of the audio files.")
    columns = _as_options(chosen, names)
    labels = _preview(path, columns, times_in)
    return ManifestChoice(columns, times_in, labels)


def _asked(path: Path, names: Sequence[str], proposed: Mapping[str, str]) -> dict[str, str]:
    """The column by meaning, `_NONE` for none."""
    places = st.columns(4)
    chosen = {}
    for number, meaning in enumerate(MEANINGS):
        options = [*([] if meaning == FILE else [_NONE]), *names]
        start = options.index(proposed[meaning]) if proposed.get(meaning) in options else None if meaning == FILE else 0
        chosen[meaning] = places[number % 4].selectbox(
            _TITLES.get(meaning, meaning.capitalize()),
            options,
            index=start,
            format_func=lambda name: name or "none",
            placeholder="Choose",
            key=f"audio-column-{meaning}-{path}",
        )
    return {meaning: name for meaning, name in chosen.items() if name is not None}


def _as_options(chosen: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """Every choice but those that an import makes by itself: a column of that very name, or none where there is none.

    Raises:
        FormatError: a column is chosen twice.
    """
    lower = [name.lower() for name in names]
    by_itself = {
        meaning: next((name for name in names if name.lower() == meaning), _NONE) for meaning in MEANINGS if meaning != FILE
    }
    wanted = {meaning: name for meaning, name in chosen.items() if meaning == FILE or name != by_itself[meaning]}
    options = chosen_columns([f"{meaning}={name}" for meaning, name in wanted.items()])
    is_usual = options.get(FILE, "").lower() == "file_name" and lower.count("file_name") == 1
    return {meaning: name for meaning, name in options.items() if not (meaning == FILE and is_usual)}


def _preview(path: Path, columns: Mapping[str, str], times_in: str | None) -> list[str]:
    """Show the first rows and what is wrong with them; the labels on them."""
    remarks = Remarks()
    unit = TimesIn.SECONDS if times_in is None else TimesIn(times_in)
    rows = list(islice(read_manifest(path, times_in=unit, columns=columns, remarks=remarks), LOOKED_AT))
    good = [row for row in rows if isinstance(row, SourceRow)]
    problems = [(row.file_name, row.reason) for row in rows if isinstance(row, BadRow)]
    problems += [(row.file_name, row.if_missing or "There is no such file.") for row in good if not os.path.lexists(row.path)]
    st.caption("The first rows, as they would be read")
    show_table(*_read_as(good[:PREVIEWED]), name="audio-preview")
    for sentence in remarks.sentences():
        st.caption(plain(sentence))
    if problems:
        st.warning(f"Of the first {len(rows)} rows, {len(problems)} would be rejected:")
        show_table(["File", "Reason"], problems[:SHOWN_PROBLEMS], name="audio-problems")
    return [label for label, _ in Counter(row.label for row in good if row.label is not None).most_common()]


def _read_as(rows: Sequence[SourceRow]) -> tuple[list[str], list[tuple[object, ...]]]:
    """Heads and cells of what is read of these rows. A column that is empty would push others out of view, and is left out."""
    heads = ["File", "Label", "Start", "End", "Speaker", "Transcript", "Split", "Kept as well"]
    cells = [(row.file_name, row.label, row.start, row.end, row.speaker, row.transcript, row.split, _extra(row)) for row in rows]
    used = [place for place in range(len(heads)) if place == 0 or any(row[place] not in (None, "") for row in cells)]
    return [heads[place] for place in used], [tuple(row[place] for place in used) for row in cells]


def _extra(row: SourceRow) -> str:
    return ", ".join(f"{name}: {value}" for name, value in row.extra.items())
