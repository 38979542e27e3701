"""Export as JSON Lines: one object for each row, or for every row of the log."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from db.exports.contents import Contents


def write_jsonl(contents: Contents, path: Path) -> int:
    """Write rows in UTF-8, one JSON object per line; returns their number. The file is also a manifest."""
    return _write(contents.flat_rows(), path)


def write_log(contents: Contents, path: Path) -> int:
    """Write every row of the decision log, including undone and superseded ones; returns the number of rows.

    `replaces` is the UUID of the decision that a row supersedes or takes back.
    """
    return _write(contents.log(), path)


def _write(rows: Iterable[dict[str, Any]], path: Path) -> int:
    count = 0
    encode = json.JSONEncoder(ensure_ascii=False).encode
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(encode(row) + "\n")
            count += 1
    return count
