"""Which key gives which label.

A label that is a digit has that digit, also with words behind it (`3`, `3 moderate`). The others get the digits that are left,
then letters that have no other meaning. The settings may choose other keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from db.errors import SettingsError
from db.project import OpenProject
from db.records.labels import by_present_name

RESERVED = "cfglnsuz,.?/"
"""Keys that `keys.js` uses itself, besides space, Enter, Backspace, Escape and the arrows."""
_FREE = "1234567890" + "".join(letter for letter in "abcdefghijklmnopqrstuvwxyz" if letter not in RESERVED)
_DIGIT = re.compile(r"(\d)(?:[\s_:.)–-]\D*)?")


def project_keys(project: OpenProject, labels: Sequence[str]) -> list[str | None]:
    """The key of each label of a project; the settings may still name a label as it was called before it was renamed."""
    chosen = project.settings.label_keys
    if chosen:
        with project.read() as session:
            chosen = by_present_name(session, chosen)
    return label_keys(labels, chosen)


def label_keys(labels: Sequence[str], chosen: Mapping[str, str]) -> list[str | None]:
    """The key of each label, in the order of `labels`; None for a label if no key is left.

    Args:
        labels: the label set in the order of the page.
        chosen: key by label, as the settings give it; the other labels get the keys that are free.

    Raises:
        SettingsError: a chosen key is for an unknown label, not a single character, given twice, or has another meaning.
    """
    keys = {label: _checked(label, key, labels) for label, key in chosen.items()}
    for label, key in keys.items():
        if list(keys.values()).count(key) > 1:
            raise SettingsError(f"label_keys in the settings gives the key {key!r} twice; give {label!r} another one.")
    # The shortest come first: of `3` and `3 moderate`, the digit is the key of `3`.
    for label in sorted(labels, key=len):
        digit = _digit_of(label)
        if digit is not None and label not in keys and digit not in keys.values():
            keys[label] = digit
    names = {label.casefold() for label in labels}
    for label in labels:
        # A key that is the name of another label would mislead.
        usable = (key for key in _FREE if key not in keys.values() and (key not in names or key == label.casefold()))
        free = None if label in keys else next(usable, None)
        if free is not None:
            keys[label] = free
    return [keys.get(label) for label in labels]


def _digit_of(label: str) -> str | None:
    found = _DIGIT.fullmatch(label)
    return None if found is None else str(int(found[1]))


def _checked(label: str, key: str, labels: Sequence[str]) -> str:
    key = key.lower()
    if label not in labels:
        raise SettingsError(f"label_keys in the settings names {label!r}, which is not a label; use one of: {', '.join(labels)}.")
    if len(key) != 1 or not key.isprintable() or key.isspace() or key in RESERVED:
        taken = ", ".join(_spelt(RESERVED))
        raise SettingsError(f"label_keys in the settings gives {label!r} the key {key!r}; use one character other than: {taken}.")
    return key


def _spelt(keys: str) -> Iterator[str]:
    return ("comma" if key == "," else key.upper() for key in keys)
