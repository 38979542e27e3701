"""Logs as lines of JSON, one an event, for programs that collect logs: `--log-format json`.

Everything of ours, and of the libraries, writes by `logging` of the standard library. A record with `fields` is an event: its
message is the event's name, and the fields are its values. Any other record is an event named `message`.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

TEXT, JSON = "text", "json"
STYLES = (TEXT, JSON)
OURS = "earmark"
"""The name above all loggers of ours."""
_LONGEST = 2000
"""Characters of one text: a line has to stay below what collectors of logs accept."""
_style = TEXT


def write_logs(style: str, *, process: str) -> None:
    """Let this process write its log to stderr: in text warnings only, in JSON also what happens in the ordinary way.

    Args:
        style: one of `STYLES`.
        process: the name of the process, which each line of JSON holds.
    """
    global _style
    _style = style
    root = logging.getLogger()
    for earlier in [each for each in root.handlers if isinstance(each, _ToStderr)]:
        root.removeHandler(earlier)
    # In text, Python itself writes warnings as long as nothing else handles records.
    if style == JSON:
        handler = _ToStderr()
        handler.setFormatter(JsonLines(process))
        root.addHandler(handler)
        logging.getLogger(OURS).setLevel(logging.INFO)
    logging.captureWarnings(style == JSON)


def keep_warnings() -> None:
    """Let warnings reach stderr as before, although something else handles records from now on."""
    root = logging.getLogger()
    if not root.handlers:
        handler = _ToStderr()
        handler.setLevel(logging.WARNING)
        root.addHandler(handler)


def is_json() -> bool:
    """Whether this process writes its log in JSON."""
    return _style == JSON


def json_line(fields: Mapping[str, Any], *, process: str, level: str, event: str, at: float | None = None) -> str:
    """One event as a line without its end: ASCII, so that no text can end the line or control a terminal.

    Args:
        fields: the event's own values; none of them can take the place of the others.
        at: seconds since 1970; now unless given.
    """
    now = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
    first = {"time": now.isoformat(timespec="milliseconds"), "level": level, "process": process, "event": event}
    return json.dumps({**first, **{name: _short(value) for name, value in fields.items() if name not in first}}, default=str)


def passed_on(line: str, *, process: str) -> str:
    """What a child process wrote, as a line of JSON: its own, or what a library or Python wrote as plain text."""
    if line.startswith("{"):
        try:
            json.loads(line)
        except ValueError:
            pass
        else:
            return line
    return json_line({"text": line.rstrip("\n")}, process=process, level="info", event="output") + "\n"


class _ToStderr(logging.StreamHandler[TextIO]):
    """Writes to whatever stderr is at the time."""

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, _stream: TextIO) -> None:
        pass


class JsonLines(logging.Formatter):
    """Makes one line of JSON of a record.

    Of an exception it writes the class and the places in the code. Its text is left out: it may hold what somebody has typed.
    """

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line without its end."""
        fields = getattr(record, "fields", None)
        event = "message" if fields is None else str(record.msg)
        values: dict[str, Any] = {"text": record.getMessage()} if fields is None else dict(fields)
        if record.exc_info and record.exc_info[0] is not None:
            values["error"] = record.exc_info[0].__name__
            values["places"] = [f"{at.filename}:{at.lineno} {at.name}" for at in traceback.extract_tb(record.exc_info[2])[-8:]]
        return json_line(values, process=self._process, level=record.levelname.lower(), event=event, at=record.created)


def _short(value: Any) -> Any:
    return f"{value[:_LONGEST]}…" if isinstance(value, str) and len(value) > _LONGEST else value
