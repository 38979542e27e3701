"""Tables of texts that others wrote: Streamlit's own would read Markdown in them, or offer a download of what is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import streamlit as st

_LONGEST = 120
"""Characters of a cell."""


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, name: str) -> None:
    """Show a table, in which every cell is plain text; `name` is its `data-testid`."""
    lines = "".join(_line(row, "td") for row in rows)
    style = "overflow-x:auto;font-size:0.875rem"
    table = f"<table>{_line(columns, 'th')}{lines}</table>"
    st.html(f'<div style="{style}" data-testid="{escape(name)}">{table}</div>')


def _line(cells: Sequence[object], kind: str) -> str:
    style = "padding:0.15rem 1em 0.15rem 0;text-align:start;vertical-align:top"
    return "<tr>" + "".join(f'<{kind} style="{style}">{_cell(cell)}</{kind}>' for cell in cells) + "</tr>"


def _cell(value: object) -> str:
    text = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return escape(text if len(text) <= _LONGEST else text[:_LONGEST] + "…")
