"""Text files line by line: the encoding is detected, lines have a greatest length, and what no database stores is found.

What is read of a line is a `Record`, or a `BadLine` with the reason why it cannot be used.
"""

from __future__ import annotations

import codecs
import io
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from db.errors import FormatError

LONGEST_LINE = 1 << 24
"""Most characters of a line."""
MOST_EMPTY = 500_000
"""Most empty lines in a row: they give no row, so that whoever wants only the first rows would wait for the end of the file."""
MOST_COLUMNS = 10_000
"""Most columns of a table, and most keys of a JSON object: each of them is kept with each clip."""


@dataclass(frozen=True, slots=True)
class Record:
    """A line that could be read: its number (1 is the first line of the file) and its values by column."""

    line: int
    values: dict[str, Any]
    decimal_comma: bool = False
    """Whether `1,5` is a number: the comma does not separate the columns of this file."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that could not be read, the reason as a sentence, and the values that could still be read."""

    line: int
    reason: str
    values: dict[str, Any] = field(default_factory=dict)


def storable(text: str) -> str:
    """The text for messages: what no database stores (undecodable bytes, lone surrogates, NUL) is written as escapes."""
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "backslashreplace")
    return raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def problem_with(text: str) -> str | None:
    """Why the text cannot be stored in a database, or None if it can."""
    if "\0" in text:
        return "holds a NUL character; remove it"
    if text.isascii():
        return None
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "holds bytes that are not UTF-8; rename the file or save the text as UTF-8"
    return None


def open_text(path: Path, encoding: str) -> io.TextIOWrapper:
    """The file opened as text; line ends are not changed. The caller closes it."""
    # Undecodable bytes must not stop the reading. In UTF-8 they become surrogates, for which `problem_with` rejects the line; in
    # UTF-16 they become U+FFFD, and a file of such a name is not found.
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    return open(path, encoding=encoding, errors=errors, newline="")


def encoding_of(path: Path) -> str:
    """The encoding, detected by its byte order mark, or by the zero bytes that UTF-16 has at every second place of plain text.

    Raises:
        FormatError: the file is missing, unreadable, or no regular file.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise FormatError(f"{path} is not a regular file; give a CSV, TSV or JSONL file.")
        with open(path, "rb") as file:
            head = file.read(4096)
    except FileNotFoundError as error:
        raise FormatError(f"{path} does not exist; check the name.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FormatError(f"{str(path)!r} cannot be read ({reason}); check its name and permissions.") from error
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = head[0::2], head[1::2]
    if len(odd) >= 4 and odd.count(0) > 0.7 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    if len(odd) >= 4 and even.count(0) > 0.7 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "utf-16-be"
    return "utf-8"


def first_character(path: Path, encoding: str) -> str:
    """The first character that is not blank; "" if there is none."""
    with open_text(path, encoding) as file:
        while piece := file.read(4096):
            if stripped := piece.lstrip():
                return stripped[0]
    return ""


def lines_of(file: io.TextIOWrapper) -> Iterator[str]:
    """The lines with their ends; of one that is longer than `LONGEST_LINE`, the beginning, which is longer than that.

    Raises:
        FormatError: while the caller iterates: too many empty lines.
    """
    empty = 0
    while line := file.readline(LONGEST_LINE + 1):
        empty = empty + 1 if line.isspace() else 0
        if empty > MOST_EMPTY:
            raise FormatError(f"{file.name} has more than {MOST_EMPTY:,} empty lines in a row; remove them.")
        yield line
        while len(line) >= LONGEST_LINE and not line.endswith(("\n", "\r")):
            line = file.readline(LONGEST_LINE)
