"""Export as CSV: one line for each row."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from db.exports.contents import Contents

_START_OF_CELL = re.compile(r"""(?:^|[;\t\r\n|])[\s"']*""")
"""A text's beginning, and what spreadsheets may take for the end of a cell; with the blanks and quotes that they strip."""
_AS_JSON = json.JSONEncoder(ensure_ascii=False).encode
_AS_THEY_ARE = frozenset((str, int, float, type(None)))
_FORMULA_SIGNS = frozenset("=+-@＝＋－＠")


def write_csv(contents: Contents, path: Path) -> int:
    """Write rows as UTF-8 CSV with CRLF line ends (RFC 4180); returns their number.

    Nothing is lost: texts are written as they are, quoted where necessary. `extra` (columns of the manifest that have no meaning
    for Earmark) and `by_annotator` are JSON objects. The file is also a manifest: it can be imported, with its labels.

    For spreadsheets, no text can be taken for a formula. A spreadsheet runs a text that begins with `=`, `+`, `-` or `@` (or one
    of them in full width). An apostrophe is put before it, as OWASP recommends against CSV injection; also after a semicolon, a
    tab, a line break or a bar, because spreadsheets may end a cell there. Every field is quoted, so that spreadsheets keep it in
    one cell. The texts are no longer what was stored: such a file is for reading, not for importing.
    """
    safe = contents.choice.for_spreadsheets
    cells: Callable[[Iterable[Any]], list[Any]] = _safe_cells if safe else _cells
    count = 0
    # The line end matters: with it, csv quotes fields that hold a lone carriage return, which would otherwise end the line.
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n", quoting=csv.QUOTE_ALL if safe else csv.QUOTE_MINIMAL)
        columns = contents.columns
        writer.writerow(columns)
        for row in contents.flat_rows():
            writer.writerow(cells(map(row.__getitem__, columns)))
            count += 1
    return count


def _cells(values: Iterable[Any]) -> list[Any]:
    # What csv writes as `_cell` does is left to it: most of the time of a large export is spent here.
    return [value if value.__class__ in _AS_THEY_ARE else _cell(value) for value in values]


def _safe_cells(values: Iterable[Any]) -> list[Any]:
    return [without_formula(_cell(value)) for value in values]


def without_formula(text: str) -> str:
    """The text with an apostrophe wherever a spreadsheet would take what follows for a formula."""
    return _START_OF_CELL.sub(_before_formula, text)


def _before_formula(start: re.Match[str]) -> str:
    following = start.string[start.end() : start.end() + 1]
    return f"{start[0]}'" if following in _FORMULA_SIGNS else start[0]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return _AS_JSON(value) if value else ""
    return str(value)
