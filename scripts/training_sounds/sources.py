"""The table of sources: which package, what to take from it, under which licence."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("sources.toml")
KINDS = ("speech", "sounds", "music")


@dataclass(frozen=True, kw_only=True)
class Source:
    """One package and what is taken from it."""

    name: str
    package: str
    kind: str
    licence: str
    languages: str
    what: str
    take: tuple[str, ...]
    leave: tuple[str, ...] = ()
    voice: str = "(.*)/"
    """A regular expression; short clips whose paths agree in its groups are one voice and are joined."""
    share: float = 1.0
    """Of the files: a source of many hours in one manner is thinned out."""
    most_seconds: float = 30.0
    """Of one file; a longer one gives its middle."""

    def takes(self, path: str) -> bool:
        """Whether the file at this path is taken; which share of the files it is depends on their paths alone."""
        low = path.lower()
        taken = any(fnmatchcase(low, pattern) for pattern in self.take)
        left = any(fnmatchcase(low, pattern) for pattern in self.leave)
        return taken and not left and int(sha256(path.encode()).hexdigest()[:8], 16) / 2**32 < self.share

    def voice_of(self, path: str) -> str:
        """What the paths of one voice have in common."""
        found = re.search(self.voice, path)
        return "-".join(part or "" for part in found.groups()) if found else path.rpartition("/")[0]


def _source(row: dict[str, Any]) -> Source:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return Source(**values)


def read_table(table: Path = TABLE, *, only: Sequence[str] = ()) -> list[Source]:
    """The sources of a table, or those of these names.

    Raises:
        ValueError: a name is not in the table, or a row has a kind that there is not.
    """
    rows = tomllib.loads(table.read_text(encoding="utf-8"))["source"]
    sources = [_source(row) for row in rows]
    for source in sources:
        if source.kind not in KINDS:
            raise ValueError(f"The source {source.name!r} is of the kind {source.kind!r}; there are {', '.join(KINDS)}.")
    unknown = set(only) - {source.name for source in sources}
    if unknown:
        raise ValueError(f"There is no source {min(unknown)!r}; the names stand in {table.name}.")
    return [source for source in sources if not only or source.name in only]
