"""Which key gives which label: digits first, then letters that have no other meaning, unless the settings choose a key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from db.errors import SettingsError

RESERVED = "cfglnsuz,?"
"""Keys that `keys.js` uses itself, besides space, Enter, Backspace, Escape and the arrows."""
_FREE = "1234567890" + "".join(letter for letter in "abcdefghijklmnopqrstuvwxyz" if letter not in RESERVED)


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
    free = (key for key in _FREE if key not in keys.values())
    return [keys[label] if label in keys else next(free, None) for label in labels]


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
