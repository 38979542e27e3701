"""The label files of FT-w2v2-ser (Chen and Rudnicky 2021): one JSON object with the label of each file, in sets.

    {"Train": {"Ses01F_impro01_F000.wav": "neutral"}, "Val": {}, "Test": {"Ses05M_impro03_M002.wav": "anger"}}

Each file becomes a line of a manifest with the columns `file_name`, `label` and `split`, which is the name of its set.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from db.errors import FormatError
from db.imports.json_lines import JSON
from db.imports.remarks import Remarks
from db.imports.text_lines import LONGEST_LINE, BadLine, Record, encoding_of, open_text, problem_with, storable

_BEGINNING = re.compile(r'\s*\{\s*"(train|training|val|valid|validation|dev|test)"\s*:\s*\{', re.IGNORECASE)
_LOOKED_AT = 4096
"""Characters in which the first set begins."""
_CHUNK = 1 << 16
_BLANKS = re.compile(r"[ \t\r\n]*")


def holds_label_sets(path: Path, *, encoding: str | None = None) -> bool:
    """Whether a file begins like one of FT-w2v2-ser: with a set that has a usual name. False for what cannot be read."""
    try:
        with open_text(path, encoding or encoding_of(path)) as file:
            return _BEGINNING.match(file.read(_LOOKED_AT)) is not None
    except (OSError, FormatError):
        return False


def label_set_records(path: Path, encoding: str, *, remarks: Remarks) -> Iterator[Record | BadLine]:
    """The files with their labels and sets, read while the caller iterates.

    Of a file that is listed twice, the first place counts.

    Args:
        remarks: takes what is listed twice, which may be a file that is in training and in testing.

    Raises:
        FormatError: while the caller iterates: the file is damaged, or ends too early.
    """
    with open_text(path, encoding) as file:
        try:
            yield from _Sets(file, path, remarks).records()
        except OSError as error:
            raise FormatError(f"{path} cannot be read to its end ({error.strerror}); check the disk.") from error


class _Sets:
    """Decodes name after name from a buffer, so that a file of a million labels is never in memory as a whole."""

    def __init__(self, file: io.TextIOWrapper, path: Path, remarks: Remarks) -> None:
        self._file, self._path, self._remarks = file, path, remarks
        self._text, self._at, self._line = "", 0, 1
        self._set_of: dict[str, str] = {}

    def records(self) -> Iterator[Record | BadLine]:
        for name in self._keys():
            if self._next() == "{":
                yield from self._of_set(name)
            elif self._value():
                yield BadLine(self._line, f"Line {self._line}: {_shown(name)} is no set of files; give each file a label in it.")
        if self._next():
            raise self._damaged("more text follows its end")

    def _of_set(self, split: str) -> Iterator[Record | BadLine]:
        for name in self._keys():
            line = self._line
            values = {"file_name": name, "label": self._value(), "split": split}
            if name in self._set_of:
                self._note_second(name, split)
                continue
            self._set_of[name] = split
            problem = problem_with("".join(text for text in values.values() if isinstance(text, str)))
            yield Record(line, values) if problem is None else BadLine(line, f"Line {line} {problem}.", values)

    def _note_second(self, name: str, split: str) -> None:
        first, path = self._set_of[name], self._path
        self._remarks.add(
            "listed twice",
            lambda count: (
                f"{path} lists {count} file{' a second time' if count == 1 else 's a second time'} (first {_shown(name)}, in "
                f"{_shown(first)} and then in {_shown(split)}); the first place counts."
            ),
        )

    def _keys(self) -> Iterator[str]:
        """The keys of the object that begins here; the caller reads the value of each before it takes the next."""
        self._take("{")
        while self._next() != "}":
            key = self._value()
            if not isinstance(key, str):
                raise self._damaged("a name in quotes is missing")
            self._take(":")
            yield key
            if self._next() != "}":
                self._take(",")
        self._take("}")

    def _take(self, character: str) -> None:
        if self._next() != character:
            raise self._damaged(f"{character!r} is missing")
        self._at += 1

    def _next(self) -> str:
        """The next character that is not blank; "" at the end."""
        while True:
            found = _BLANKS.match(self._text, self._at)
            self._go_to(self._at if found is None else found.end())
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read_on(_CHUNK):
                return ""

    def _value(self) -> Any:
        self._next()
        while True:
            try:
                value, end = JSON.raw_decode(self._text, self._at)
            except RecursionError:
                raise self._damaged("it is nested too deeply") from None
            except json.JSONDecodeError as error:
                # Only its message: the error itself would keep the text in memory.
                problem = error.msg
            except ValueError as error:
                raise self._damaged(str(error)) from None
            else:
                # A number may go on in what is not read yet.
                if end < len(self._text) or not self._read_on(_CHUNK):
                    self._go_to(end)
                    return value
                continue
            # Each time twice as much, so that a long text is not decoded over and over.
            held = len(self._text) - self._at
            if held > LONGEST_LINE or not self._read_on(max(held, _CHUNK)):
                raise self._damaged(problem)

    def _go_to(self, place: int) -> None:
        self._line += self._text.count("\n", self._at, place)
        self._at = place

    def _read_on(self, count: int) -> bool:
        piece = self._file.read(count)
        self._text, self._at = self._text[self._at :] + piece, 0
        return bool(piece)

    def _damaged(self, problem: str) -> FormatError:
        return FormatError(
            f"{self._path} is damaged at line {self._line} ({problem}); write it as JSON once more: "
            '{"Train": {"a.wav": "label"}, "Val": {}, "Test": {}}.'
        )


def _shown(name: str) -> str:
    return repr(storable(name[:80]))
