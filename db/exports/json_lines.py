"""Export as JSON Lines: one object for each standing decision, or for every row of the log."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from db.exports.decision_rows import log_rows, standing_rows


def write_jsonl(session: Session, path: Path) -> int:
    """Write the standing decisions in UTF-8, one JSON object per line; returns their number. The file is also a manifest."""
    return _write(standing_rows(session), path)


def write_log(session: Session, path: Path) -> int:
    """Write every row of the decision log, including undone and superseded ones; returns the number of rows.

    `replaces` is the UUID of the decision that a row supersedes or takes back.
    """
    return _write(log_rows(session), path)


def _write(rows: Iterable[dict[str, Any]], path: Path) -> int:
    count = 0
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count
