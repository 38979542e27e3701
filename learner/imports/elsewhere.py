"""The rows of an address: every object below it whose name has the suffix of an audio format.

Only somebody at the command line, or a script, gives an address. Manifests and pages cannot: what they name is a path of this
machine (`db.imports.file_names`), so nobody makes a server fetch what they could not fetch themselves.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from db.errors import FormatError
from db.imports.folder import AUDIO_SUFFIXES
from db.imports.manifest import LONGEST_NAME, BadRow, SourceRow, is_too_long
from db.imports.text_lines import problem_with, storable
from learner.audio.address import checked_address
from learner.audio.elsewhere.objects import objects_below
from learner.audio.reader import AudioMissing


def rows_below(address: str, *, labels_from_folders: bool = False) -> Iterator[SourceRow | BadRow]:
    """A row for each object of audio below an address, named relative to it, in the order of the names.

    Args:
        labels_from_folders: as in `db.imports.folder.read_folder`.

    Raises:
        FormatError: the address is none that is taken, or what lies below it cannot be listed.
    """
    try:
        found = list(objects_below(checked_address(address)))
    except AudioMissing as error:
        raise FormatError(str(error)) from None
    return _rows(found, labels_from_folders)


def _rows(found: list[tuple[str, str]], labels_from_folders: bool) -> Iterator[SourceRow | BadRow]:
    number = 0
    for name, address in found:
        parts = name.split("/")
        if os.path.splitext(name)[1].lower() not in AUDIO_SUFFIXES or any(part.startswith(".") for part in parts):
            continue
        number += 1
        if problem := _problem(name, address):
            yield BadRow(number=number, file_name=storable(name), path=storable(name), reason=problem)
            continue
        label = parts[-2].strip() or None if labels_from_folders and len(parts) > 1 else None
        yield SourceRow(number=number, file_name=name, path=address, label=label)


def _problem(name: str, address: str) -> str | None:
    if problem_with(name):
        return "The name of the object is not UTF-8, or has control characters; rename it."
    if "::" in name:
        return "The name of the object holds `::`, which separates archives from what lies in them; rename it."
    if is_too_long(address):
        return f"Its address is longer than {LONGEST_NAME} bytes; shorten its name."
    try:
        checked_address(address)
    except FormatError as error:
        return str(error)
    return None
