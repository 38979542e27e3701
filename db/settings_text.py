"""Changes values in the text of a settings file, and nothing else in it: comments, order and line ends stay as they are."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AbstractTable, Array

from db.errors import SettingsError
from db.settings import SETTINGS_FILE


def with_changes(text: str, changes: Mapping[str, Any]) -> str:
    """The text with these values; None takes a key out, and leaves its line as a comment.

    A line `# key = value` that is commented out is used again for its key, so that no second one appears.

    Raises:
        SettingsError: the text is no TOML, or a key cannot be changed without changing something else.
    """
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{SETTINGS_FILE} cannot be read ({error}); correct the file first.") from error
    for key, value in changes.items():
        if values.get(key) == value and (key in values or value is None):
            continue
        wanted = {name: old for name, old in values.items() if name != key} | ({} if value is None else {key: value})
        text = next((found for found in _candidates(text, key, value) if _holds(found, wanted)), "")
        if not text and wanted:
            raise SettingsError(f"{key} cannot be changed in {SETTINGS_FILE} by itself; change it there by hand.", key=key)
        values = wanted
    return text


def _holds(text: str, wanted: Mapping[str, Any]) -> bool:
    """Whether the text means just these values: what looks like a line of its own may be part of something else."""
    try:
        return tomllib.loads(text) == wanted
    except ValueError:
        return False


def _candidates(text: str, key: str, value: Any) -> Iterator[str]:
    """Texts that may have the new value, the one that changes least first."""
    name = rf"""(?:{key}|"{key}"|'{key}')"""
    if value is None:
        yield re.sub(rf"(?m)^(?=[ \t]*{name}[ \t]*=)", "# ", text, count=1)
        yield _edited(text, key, None)
    elif key in tomllib.loads(text):
        yield _edited(text, key, value)
    else:
        for line in re.finditer(rf"(?m)^[ \t]*#[ \t]*(?P<plain>{name}[ \t]*=[^\r\n]*)", text):
            again = _uncommented(line["plain"], key, value)
            if again is not None:
                yield text[: line.start()] + again + text[line.end() :]
        yield _edited(text, key, value)


def _uncommented(line: str, key: str, value: Any) -> str | None:
    """The line that was commented out, with the new value; None if it is not a setting but a sentence."""
    if line.rstrip().endswith("=") and line.count("=") == 1:
        return _edited("", key, value).rstrip("\n")
    try:
        tomllib.loads(line)
    except ValueError:
        return None
    return _edited(line, key, value)


def _edited(text: str, key: str, value: Any) -> str:
    try:
        document = tomlkit.parse(text)
        old = document.get(key)
        if value is None:
            document.remove(key)
        elif isinstance(old, AbstractTable) and isinstance(value, Mapping):
            for gone in [name for name in old if name not in value]:
                old.remove(gone)
            for name in [name for name in value if name not in old or old[name] != value[name]]:
                old[name] = value[name]
        elif isinstance(old, Array) and isinstance(value, Sequence):
            _edit_array(old, list(value))
        else:
            document[key] = _item(value)
        return tomlkit.dumps(document)
    except (TOMLKitError, RecursionError):
        return ""


def _edit_array(old: Array, value: list[Any]) -> None:
    """Change only the elements that differ: comments between the others stay."""
    for what, start, end, first, last in reversed(
        SequenceMatcher(a=list(map(repr, old)), b=list(map(repr, value))).get_opcodes()
    ):
        if what in ("delete", "replace"):
            for _ in range(start, end):
                del old[start]
        if what in ("insert", "replace"):
            for offset, element in enumerate(value[first:last]):
                old.insert(start + offset, element)


def _item(value: Any) -> Any:
    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        table.update(value)
        return table
    return tomlkit.item(value)
