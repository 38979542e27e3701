"""The registry of export formats: a new format is a function and one entry here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from db.errors import FormatError
from db.exports.csv_file import write_csv, write_csv_for_spreadsheets
from db.exports.decision_rows import ON_ROWS
from db.exports.json_lines import write_jsonl, write_log
from db.store.files import written_whole


@dataclass(frozen=True)
class Exporter:
    """A format that decisions can be written in.

    `write(session, path)` writes to a path that does not exist yet (a file, or a folder for formats that are one) and returns the
    number of rows. The user sees an OSError that it raises as one sentence.
    """

    name: str
    suffix: str
    description: str
    write: Callable[[Session, Path], int]
    write_for_spreadsheets: Callable[[Session, Path], int] | None = None
    """The same for a format that spreadsheets open: no text in it can be taken for a formula."""


EXPORTERS: dict[str, Exporter] = {}


def register(exporter: Exporter) -> None:
    """Make a format known under its name."""
    EXPORTERS[exporter.name] = exporter


register(
    Exporter("csv", ".csv", "A table of the standing decisions, one per line.", write_csv, write_csv_for_spreadsheets),
)
register(Exporter("jsonl", ".jsonl", "The standing decisions as JSON, one object per line.", write_jsonl))
register(Exporter("log", ".jsonl", "The whole decision log as JSON, including undone and superseded decisions.", write_log))


def export_decisions(
    session: Session,
    format: str,
    output: Path,
    *,
    for_spreadsheets: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write the decisions to `output` in a registered format; returns the number of rows written.

    The file appears complete or not at all. An older file of that name is replaced only by a complete one.

    Args:
        for_spreadsheets: change texts that a spreadsheet would take for formulas.
        progress: called with rows written and rows in all.

    Raises:
        FormatError: the format is unknown or has no such form, or the output cannot be written.
    """
    exporter = EXPORTERS.get(format)
    if exporter is None:
        raise FormatError(f"{format!r} is not an export format; use one of: {', '.join(sorted(EXPORTERS))}.")
    write = exporter.write_for_spreadsheets if for_spreadsheets else exporter.write
    if write is None:
        safe = ", ".join(sorted(name for name, known in EXPORTERS.items() if known.write_for_spreadsheets))
        raise FormatError(f"{format} has no form that is safe for spreadsheets; use one of: {safe}.")
    if progress is not None:
        session.info[ON_ROWS] = progress
    try:
        with written_whole(output, example="decisions" + exporter.suffix) as path:
            return write(session, path)
    finally:
        session.info.pop(ON_ROWS, None)
