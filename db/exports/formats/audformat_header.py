"""The header of a database of audformat: `db.yaml`, which says what its tables hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml


class Text(str):
    """A text of a user. It is written in quotes, so that no reader of YAML takes `007`, `1e3` or `no` for something else."""


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    id: str
    scheme: str
    rater: str | None = None


@dataclass(frozen=True)
class Table:
    """A table, and which split its clips are of."""

    columns: Sequence[Column]
    split: str | None = None


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # PyYAML has no types  # type: ignore[misc] # no types are published
    """Knows texts of users."""


_Dumper.add_representer(Text, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"'))

_SCHEMES = {
    "kind": {"dtype": "str", "labels": ["gold", "consensus", "predicted", "none"]},
    "share": {"dtype": "float", "minimum": 0.0, "maximum": 1.0},
    "text": {"dtype": "str"},
    "outcome": {"dtype": "str", "labels": ["label", "gold", "unsure", "skip"]},
    "time": {"dtype": "date"},
}
SPLIT_TYPES = ("train", "dev", "test")


def header(
    *, name: str, description: str, labels: Sequence[str], raters: Sequence[str], is_segmented: bool, tables: Mapping[str, Table]
) -> str:
    """The header as YAML."""
    splits = dict.fromkeys(table.split for table in tables.values() if table.split is not None)
    used = {column.scheme for table in tables.values() for column in table.columns} - {"label"}
    found: dict[str, Any] = {
        "name": Text(name),
        "source": "Earmark",
        "usage": "other",
        "description": Text(description),
        "media": {"audio": {"type": "audio"}},
        "raters": {Text(rater): {"type": "human"} for rater in raters},
        "schemes": {
            "label": {"dtype": "str", "labels": [Text(label) for label in labels]},
            **{scheme: content for scheme, content in _SCHEMES.items() if scheme in used},
        },
        "splits": {Text(split): {"type": split if split in SPLIT_TYPES else "other"} for split in splits},
        "tables": {id: _table(table, is_segmented=is_segmented) for id, table in tables.items()},
    }
    filled = {key: value for key, value in found.items() if value}
    text: str = yaml.dump(filled, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1 << 30)
    return text


def _table(table: Table, *, is_segmented: bool) -> dict[str, Any]:
    columns = {
        Text(column.id): {
            **({} if column.rater is None else {"rater_id": Text(column.rater)}),
            "scheme_id": column.scheme,
        }
        for column in table.columns
    }
    split = {} if table.split is None else {"split_id": Text(table.split)}
    return {"type": "segmented" if is_segmented else "filewise", **split, "media_id": "audio", "columns": columns}
