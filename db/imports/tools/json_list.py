"""A JSON file that is one list of objects, read one object at a time: an export of a million tasks does not fit into memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from db.errors import FormatError
from db.imports.json_lines import JSON
from db.imports.text_lines import LONGEST_LINE, encoding_of, open_text

LONGEST_OBJECT = LONGEST_LINE
"""Most characters of one object."""
_CHUNK = 1 << 18
_BLANKS = re.compile(r"[ \t\r\n]*")


def listed_objects(path: Path, *, what: str) -> Iterator[dict[str, Any]]:
    """The objects of the list, read while the caller iterates. At most about twice the longest object is in memory.

    Args:
        what: what an object is called in messages, such as `task`.

    Raises:
        FormatError: the file cannot be read, is no such list, or ends before the list does.
    """
    with open_text(path, encoding_of(path)) as file:
        try:
            yield from _Reader(file.read, path, what).objects()
        except OSError as error:
            raise FormatError(f"{path} cannot be read to its end ({error.strerror}); check the disk.") from error


class _Reader:
    """Decodes object after object from a buffer. An object is complete once it can be decoded: it ends with its own brace."""

    def __init__(self, read: Any, path: Path, what: str) -> None:
        self._read, self._path, self._what = read, path, what
        self._text, self._at, self._ended = "", 0, False

    def objects(self) -> Iterator[dict[str, Any]]:
        if self._next() != "[":
            raise FormatError(f"{self._path} is no JSON list of {self._what}s; export it from the other tool as JSON once more.")
        self._at += 1
        number = 0
        if self._next() == "]":
            return
        while True:
            number += 1
            yield self._object(number)
            following = self._next()
            self._at += 1
            if following == "]":
                return
            if following != ",":
                raise FormatError(f"{self._path} ends or is damaged after {self._what} {number}; export it once more.")
            self._next()

    def _next(self) -> str:
        """The next character that is not blank; "" at the end."""
        while True:
            found = _BLANKS.match(self._text, self._at)
            self._at = self._at if found is None else found.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more(_CHUNK):
                return ""

    def _more(self, count: int) -> bool:
        piece = "" if self._ended else self._read(count)
        self._ended = not piece
        self._text, self._at = self._text[self._at :] + piece, 0
        return not self._ended

    def _object(self, number: int) -> dict[str, Any]:
        if self._next() not in ("{", ""):
            raise FormatError(f"{self._path}: {self._what} {number} is no JSON object; export the file once more.")
        while True:
            try:
                value, self._at = JSON.raw_decode(self._text, self._at)
            except RecursionError:
                raise FormatError(f"{self._path}: {self._what} {number} is nested too deeply; remove it.") from None
            except json.JSONDecodeError as error:
                # Only its message: the error itself would keep the text in memory.
                problem = error.msg
            except ValueError as error:
                raise FormatError(f"{self._path}: {self._what} {number} cannot be read ({error}); correct it.") from None
            else:
                assert isinstance(value, dict)
                return value
            # Each time twice as much, so that a long object is not decoded over and over.
            held = len(self._text) - self._at
            if held > LONGEST_OBJECT:
                raise FormatError(
                    f"{self._path}: {self._what} {number} is no JSON, or longer than {LONGEST_OBJECT} characters "
                    f"({problem}); correct it."
                )
            if not self._more(max(held, _CHUNK)):
                raise FormatError(f"{self._path} ends or is damaged in {self._what} {number} ({problem}); export it once more.")
