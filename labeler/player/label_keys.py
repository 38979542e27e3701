"""Which key gives which label.

A label that is a digit has that digit, also with words behind it (`3`, `3 moderate`). The others get the digits that are left,
then letters that have no other meaning. The settings may choose other keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from db.errors import SettingsError
from db.project import OpenProject
from db.records.labels import active_labels, by_present_name

RESERVED = "cfglnsuz,.?/"
"""Keys that `keys.js` uses itself, besides space, Enter, Backspace, Escape and the arrows."""
_SPELLED = {",": "comma", ".": "full stop"}
_FREE = "1234567890" + "".join(letter for letter in "abcdefghijklmnopqrstuvwxyz" if letter not in RESERVED)
_DIGIT = re.compile(r"(\d)(?:[\s_:.)–-]\D*)?")


def project_keys(project: OpenProject, labels: Sequence[str]) -> list[str | None]:
    """The key of each label of a project; the settings may still name a label as it was called before it was renamed.

    A key in the settings that cannot be used is left out: an annotator could not correct it. `check_label_keys` is for who can.
    """
    chosen = _by_present_name(project, project.settings.label_keys)
    usable: dict[str, str] = {}
    for label, key in chosen.items():
        with suppress(SettingsError):
            usable = _checked_all({**usable, label: key}, labels)
    return label_keys(labels, usable)


def check_label_keys(project: OpenProject, chosen: Mapping[str, str] | None = None) -> None:
    """Refuse keys that the player could not use; without `chosen`, those of the settings.

    Raises:
        SettingsError: as `label_keys`.
    """
    with project.read() as session:
        labels = [label.name for label in active_labels(session)]
    _checked_all(_by_present_name(project, project.settings.label_keys if chosen is None else chosen), labels)


def _by_present_name(project: OpenProject, chosen: Mapping[str, str]) -> Mapping[str, str]:
    if not chosen:
        return chosen
    with project.read() as session:
        return by_present_name(session, chosen)


def label_keys(labels: Sequence[str], chosen: Mapping[str, str]) -> list[str | None]:
    """The key of each label, in the order of `labels`; None for a label if no key is left.

    Args:
        labels: the label set in the order of the page.
        chosen: key by label, as the settings give it; the other labels get the keys that are free.

    Raises:
        SettingsError: a chosen key is for an unknown label, not a single character, given twice, or has another meaning.
    """
    keys = _checked_all(chosen, labels)
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


def _checked_all(chosen: Mapping[str, str], labels: Sequence[str]) -> dict[str, str]:
    keys: dict[str, str] = {}
    for label, key in chosen.items():
        checked = _checked(label, key, labels)
        if checked in keys.values():
            raise _refused(f"gives the key {checked!r} twice; give {label!r} another one.")
        keys[label] = checked
    return keys


def _checked(label: str, key: str, labels: Sequence[str]) -> str:
    key = key.lower()
    if label not in labels:
        raise _refused(f"names {label!r}, which is not a label; use one of: {', '.join(labels)}.")
    if len(key) != 1 or not key.isprintable() or key.isspace() or key in RESERVED:
        raise _refused(f"gives {label!r} the key {key!r}; use one character other than: {', '.join(_spelt(RESERVED))}.")
    return key


def _refused(reason: str) -> SettingsError:
    return SettingsError(f"label_keys in the settings {reason}", key="label_keys")


def _spelt(keys: str) -> Iterator[str]:
    return (_SPELLED.get(key, key.upper()) for key in keys)
