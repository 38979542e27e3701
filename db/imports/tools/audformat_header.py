"""The header of a database of audformat, `db.yaml`, as far as it says where labels are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from db.errors import FormatError

HEADER = "db.yaml"
_LONGEST = 4_000_000
"""Bytes."""
_DEEPEST = 32
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Makes nothing but texts, numbers, lists and dictionaries; the one in C where there is one."""
_USUAL = ("label", "emotion")
"""Schemes that hold labels wherever there are several."""
_NO_LABELS = frozenset(("kind", "outcome", "gender", "sex", "language", "speaker", "age", "transcription", "transcript", "text"))


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    id: str
    scheme: str | None
    rater: str | None
    is_machine: bool
    """Whether its rater is a program."""


@dataclass(frozen=True)
class Table:
    """A table, as the header describes it."""

    id: str
    is_segmented: bool
    split: str | None
    columns: Sequence[Column]


@dataclass(frozen=True)
class Header:
    """What tables there are, and which columns hold labels."""

    tables: Mapping[str, Table]
    label: str
    """The scheme, or the column, that holds labels."""

    def label_columns(self, table: Table) -> list[Column]:
        """The columns with labels; what Earmark predicted stands beside them."""
        return [each for each in table.columns if self.label in (each.scheme, each.id) and each.id != "predicted"]


def read_header(folder: Path, *, label: str | None) -> Header:
    """The header of the database in a folder.

    Args:
        label: the scheme or column that holds labels; None where that is clear.

    Raises:
        FormatError: there is no such header, it cannot be read, or it is not clear what the labels are.
    """
    path = folder / HEADER
    content = _content(path)
    raters = _dict(content.get("raters"))
    tables = {}
    for id, table in _dict(content.get("tables")).items():
        if "/" in id or "\\" in id or "\0" in id:
            raise FormatError(f"{path} has a table called {id!r}, which names no file; rename it.")
        split = table.get("split_id")
        columns = [_column(name, column, raters) for name, column in _dict(table.get("columns")).items()]
        tables[id] = Table(id, table.get("type") == "segmented", None if split is None else str(split), columns)
    return Header(tables, label or _label_scheme(path, _dict(content.get("schemes")), tables))


def _content(path: Path) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            text = file.read(_LONGEST + 1)
    except OSError as error:
        raise FormatError(
            f"{path} cannot be read ({error.strerror}); name the folder of the database, which holds it."
        ) from error
    if len(text) > _LONGEST:
        raise FormatError(f"{path} has more than {_LONGEST} bytes; this is no header of audformat.")
    try:
        _check_depth(text)
        content = yaml.load(text, Loader=_LOADER)  # noqa: S506 (a safe loader)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        reason = " ".join(str(getattr(error, "problem", None) or error).split())[:200]
        raise FormatError(f"{path} is no YAML ({reason}); save the database again.") from error
    if not isinstance(content, dict) or not isinstance(content.get("tables"), dict):
        raise FormatError(f"{path} lists no tables; save the database again with audformat.")
    return content


def _check_depth(text: bytes) -> None:
    """Refuse what would overwhelm the loader.

    It calls itself for each level of nesting, and the one in C would crash the process. Dictionaries that are merged into others
    over and over double each time.

    Raises:
        ValueError: it is.
    """
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.ScalarEvent) and event.value == "<<":
            raise ValueError("merged dictionaries")
        if depth > _DEEPEST:
            raise ValueError(f"nested more than {_DEEPEST} levels deep")


def _dict(value: Any) -> dict[str, Any]:
    """A part of the header; anything else than a dictionary counts as an empty one."""
    if not isinstance(value, dict):
        return {}
    return {str(key): item if isinstance(item, dict) else {} for key, item in value.items()}


def _column(id: str, given: dict[str, Any], raters: dict[str, Any]) -> Column:
    scheme, rater = given.get("scheme_id"), given.get("rater_id")
    is_machine = rater is not None and raters.get(str(rater), {}).get("type") == "machine"
    return Column(id, None if scheme is None else str(scheme), None if rater is None else str(rater), is_machine)


def _label_scheme(path: Path, schemes: dict[str, Any], tables: Mapping[str, Table]) -> str:
    used = {column.scheme for table in tables.values() for column in table.columns}
    closed = [name for name, scheme in schemes.items() if name in used and scheme.get("labels")]
    found = [name for name in closed if name not in _NO_LABELS]
    for name in _USUAL:
        if name in found:
            return name
    if len(found) == 1:
        return found[0]
    listed = ", ".join(map(repr, (found or closed)[:12]))
    raise FormatError(
        f"{path} does not say which labels are meant; name the scheme or column that holds them"
        + (f", one of: {listed}." if listed else ".")
    )
