"""Export as CSV: one line for each standing decision."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from db.exports.decision_rows import COLUMNS, standing_rows


def write_csv(session: Session, path: Path) -> int:
    """Write the standing decisions as UTF-8 CSV with CRLF line ends (RFC 4180); returns the number of rows.

    Nothing is lost: texts are written as they are, quoted where necessary. A text that begins with `=` or `@` is therefore not
    escaped: in a spreadsheet, import such columns as text. Columns of the manifest that have no meaning for Earmark are in
    `extra`, as a JSON object. The file is also a manifest: it can be imported, with its labels.
    """
    count = 0
    # The line end matters: with it, csv quotes fields that hold a lone carriage return, which would otherwise end the line.
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for row in standing_rows(session):
            writer.writerow([_cell(row[name]) for name in COLUMNS])
            count += 1
    return count


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return str(value)
