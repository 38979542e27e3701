"""File formats in and out. What can be written is a registry: a new format is a function and one entry here."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from db.errors import FormatError
from db.formats.delimited import write_csv
from db.formats.json_lines import write_jsonl, write_log


@dataclass(frozen=True)
class Exporter:
    """A format that decisions can be written in.

    `write(session, path)` writes to a path that does not exist yet (a file, or a folder for formats that are one) and returns the
    number of rows; what it raises as OSError is told to the user as one sentence.
    """

    name: str
    suffix: str
    description: str
    write: Callable[[Session, Path], int]


EXPORTERS: dict[str, Exporter] = {}


def register(exporter: Exporter) -> None:
    """Make a format known under its name."""
    EXPORTERS[exporter.name] = exporter


register(Exporter("csv", ".csv", "A table of the standing decisions, one a line.", write_csv))
register(Exporter("jsonl", ".jsonl", "The standing decisions as JSON, one object a line.", write_jsonl))
register(Exporter("log", ".jsonl", "The whole decision log as JSON, undone and superseded decisions too.", write_log))


def export_decisions(session: Session, format: str, output: Path) -> int:
    """Write the decisions to `output` in a registered format; the number of rows written.

    The file appears whole or not at all, and an older one of that name is replaced only by a whole one.

    Raises:
        FormatError: the format is unknown, or the output cannot be written.
    """
    exporter = EXPORTERS.get(format)
    if exporter is None:
        raise FormatError(f"{format!r} is no export format; use one of: {', '.join(sorted(EXPORTERS))}.")
    if os.path.isdir(output):
        raise FormatError(f"{output} is a folder; give the name of a file, such as {output / ('decisions' + exporter.suffix)}.")
    if not os.path.isdir(output.parent):
        raise FormatError(f"The folder {output.parent} does not exist; make it first, or write to another one.")
    if os.path.exists(output) and not os.path.isfile(output):
        # A pipe or /dev/stdout: there is nothing to replace, and no file to put beside it.
        return _told(exporter, session, output, output)
    # Beside the real file, so that the last step is a rename, and a link stays a link.
    target = Path(os.path.realpath(output))
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        count = _told(exporter, session, part, output)
        _durable(part, target, output)
    finally:
        part.unlink(missing_ok=True)
    return count


def _told(exporter: Exporter, session: Session, path: Path, output: Path) -> int:
    try:
        return exporter.write(session, path)
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise _cannot_write(output, error) from error


def _durable(part: Path, target: Path, output: Path) -> None:
    try:
        if part.is_file():
            with open(part, "rb") as file:
                os.fsync(file.fileno())
        os.replace(part, target)
    except OSError as error:
        raise _cannot_write(output, error) from error


def _cannot_write(output: Path, error: OSError | ValueError) -> FormatError:
    reason = error.strerror if isinstance(error, OSError) else error
    return FormatError(f"{output} cannot be written ({reason}); choose another place or check its permissions and space.")
