"""The clip that a task of another tool stands for: its file, and whatever the task holds about it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from db.imports.file_names import NameProblemError
from db.imports.manifest import BadRow, RowReader, SourceRow, is_too_long
from db.imports.remarks import Remarks
from db.imports.text_lines import Record, storable
from db.imports.times import TimesIn
from db.imports.tools.media_addresses import MediaAddresses
from db.imports.tools.values import text_in

_OURS = ("file_name", "path", "cut", "label")
"""What an export of Earmark holds about a clip besides the columns of a manifest, or what has no such meaning here."""


class TaskClips:
    """Makes clips of the tasks of one file.

    Args:
        path: the file, absolute.
        audio_folder: where the audio lies; None for the folder of the file.
        what: what a task is called in messages.
    """

    def __init__(self, path: Path, *, audio_folder: Path | None, what: str, remarks: Remarks) -> None:
        folder = path.parent if audio_folder is None else Path(os.path.abspath(audio_folder))
        self._path, self._what = path, what
        self._addresses = MediaAddresses(str(folder), remarks, by_ends=audio_folder is not None)
        self._reader = RowReader(path, TimesIn.SECONDS, remarks, folder=folder)

    def clip(self, number: int, address: Any, facts: Mapping[str, Any]) -> SourceRow | BadRow:
        """The clip of a task, without a label. The task holds nothing that cannot be stored (`db.imports.json_lines.problem_in`).

        Args:
            number: the task's place in the file, from 1.
            address: where its audio lies, as the task has it.
            facts: everything else about the clip; start and end in seconds.
        """
        text = text_in(address)
        if text is None:
            return self.bad(number, "names no file of audio; give its path")
        try:
            found = self._addresses.find(text)
        except NameProblemError as problem:
            return self.bad(number, str(problem))
        path, if_missing = found.path, found.if_missing
        values = {key: value for key, value in facts.items() if key not in _OURS}
        original = facts.get("path")
        is_there = isinstance(original, str) and os.path.isabs(original) and os.path.lexists(original)
        if is_there and (facts.get("cut") is True or not os.path.lexists(path)):
            path, if_missing = str(original), None
        elif facts.get("cut") is True:
            # The file is the clip itself; the span is that in a file that is not here.
            values = {key: value for key, value in values.items() if key not in ("start", "end")}
        row = self._reader.row(Record(number, {**values, "file_name": path}))
        if isinstance(row, BadRow):
            return replace(row, reason=f"{self._what.capitalize()}{row.reason.removeprefix('Line')}")
        extra = {**row.extra, "label": facts["label"]} if "label" in facts else row.extra
        return replace(row, file_name=self._name(facts.get("file_name"), found.name, path), extra=extra, if_missing=if_missing)

    def bad(self, number: int, problem: str) -> BadRow:
        """A task that cannot become a clip; `problem` is the rest of a sentence."""
        name = f"{self._what} {number} of {self._path.name}"
        reason = storable(f"{self._what.capitalize()} {number} {problem}.")
        return BadRow(number=number, file_name=storable(name), path=storable(str(self._path)), reason=reason)

    @staticmethod
    def _name(given: Any, found: str, path: str) -> str:
        name = given if isinstance(given, str) and given.strip() and not is_too_long(given) else found
        return os.path.basename(path) if is_too_long(name) else name
