"""The components' scripts: several files joined into the one module that the browser gets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_HERE = Path(__file__).parent


def read(name: str) -> str:
    """The text of a file beside this one."""
    return (_HERE / name).read_text(encoding="utf-8")


def joined(names: Sequence[str]) -> str:
    """These scripts as one module: none imports, and only the last exports."""
    return "\n".join(read(name) for name in names)


def camel(name: str) -> str:
    """`least_heard` as scripts write it: `leastHeard`."""
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)
