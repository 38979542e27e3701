"""The table itself: one page of clips as lines, of which some can be ticked and one can be looked at."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from db.browsing.rows import ClipLine
from labeler.app.pages.clips.filters import OWN
from labeler.app.pages.moments import moment

_FILE, _BOX = "file", "clips-table-box"
_LONGEST = 300
"""Characters of a cell."""
_ROW = 35
"""Pixels of a row, as Streamlit draws it."""
_MOST_ROWS = 10
"""Rows that are seen at once; the others scroll."""


@dataclass(frozen=True)
class Picked:
    """What the visitor picked on this page of the table."""

    ticked: list[ClipLine]
    current: ClipLine | None
    """Whose cell has the cursor, or the line that was ticked last."""


def clip_table(lines: Sequence[ClipLine], columns: Sequence[str]) -> Picked:
    """Show the lines.

    Args:
        columns: beside the file name; `OWN` names and those of the manifest.
    """
    data: dict[str, list[Any]] = {_FILE: [line.file_name for line in lines]}
    for name in columns:
        data[_head(name)] = [_cell(line, name) for line in lines]
    numbers = {
        "confidence": st.column_config.NumberColumn(format="percent"),
        # "classifier disagrees" is cut off in the width of an empty column.
        "marks": st.column_config.TextColumn(width="medium"),
        "seconds": st.column_config.NumberColumn(format="%.2f"),
    }
    # Streamlit remembers what is picked by its place: other lines are another table, so that no tick moves to another clip.
    version = zlib.crc32(repr([line.clip_id for line in lines]).encode())
    # Its own search and download would know this page only.
    st.html(f"<style>.st-key-{_BOX} [data-testid=stElementToolbar] {{ display: none }}</style>")
    picked = (
        st.container(key=_BOX)
        .dataframe(
            data,
            hide_index=True,
            placeholder="",
            height=_ROW * (min(len(lines), _MOST_ROWS) + 1) + 3,
            row_height=_ROW,
            key=f"clips-table-{version:x}",
            on_select="rerun",
            selection_mode=["multi-row", "single-cell"],
            column_config={**numbers, "agreement": numbers["confidence"]},
        )
        .selection
    )
    ticked = [lines[place] for place in picked.rows if place < len(lines)]
    cells = [lines[place] for place, _ in picked.cells if place < len(lines)]
    return Picked(ticked, cells[0] if cells else ticked[-1] if ticked else None)


def _head(name: str) -> str:
    """The manifest may have a column that is called like the file name's."""
    return f"{name} (manifest)" if name == _FILE else name


def _cell(line: ClipLine, name: str) -> Any:
    if name not in OWN:
        return line.columns.get(name, "")[:_LONGEST] or None
    return {
        "label": line.label,
        "answered by": ", ".join(line.people) or None,
        "marks": ", ".join(line.marks) or None,
        "predicted": line.predicted,
        "confidence": None if line.confidence is None else round(line.confidence, 3),
        "speaker": line.speaker,
        "seconds": line.seconds,
        "agreement": line.agreement,
        "answered": None if line.answered_at is None else moment(line.answered_at),
        "transcript": (line.transcript or "")[:_LONGEST] or None,
        "number": line.clip_id,
    }[name]
