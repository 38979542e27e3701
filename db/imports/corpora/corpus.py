"""What a corpus is for an import: its labels, its licence, and a reader that describes one file after the other."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from db.imports.file_names import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What the name of a file, and the files beside it, say of a clip. `extra` is kept with the clip."""

    label: str | None
    speaker: str
    transcript: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class StrangeFileError(Exception):
    """A file that cannot be one of this corpus; the message is a whole sentence. Files of a kind are explained together."""

    def __init__(self, reason: str, *, kind: str) -> None:
        super().__init__(reason)
        self.kind = kind


class LeftOutError(Exception):
    """A file of the corpus that is not wanted. All files of a kind become one remark, made from their number."""

    def __init__(self, kind: str, sentence: Callable[[int], str]) -> None:
        super().__init__(kind)
        self.kind, self.sentence = kind, sentence


Reader = Callable[[str], Utterance]
"""Describes the file with this absolute path. Raises StrangeFileError or LeftOutError."""


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """A corpus that `--corpus` knows by name."""

    name: str
    title: str
    about: str
    """One sentence: what was recorded."""
    labels: tuple[str, ...]
    licence: str
    address: str
    """Where to get it."""
    example: str
    """A file as it lies in the distribution."""
    reader: Callable[[], Reader]
    """Makes a reader for one import; it may remember what it has read of the corpus' own files."""
    listed: Callable[[str], Iterator[str]] | None = None
    """The names, without suffixes, that the corpus' own files below a folder give to clips; None where it has no such files."""


def stem_of(path: str) -> str:
    """The name of a file without its folder and suffix: corpora are also distributed as FLAC or MP3."""
    return os.path.splitext(os.path.basename(path))[0]


def matched(pattern: re.Pattern[str], path: str, *, like: str) -> re.Match[str]:
    """The match of a whole stem.

    Args:
        like: a file name of the corpus, as an example for the sentence.

    Raises:
        StrangeFileError: the name has another form.
    """
    found = pattern.fullmatch(stem_of(path))
    if found is None:
        raise StrangeFileError(
            f"{shown(os.path.basename(path))} is not named like a file of this corpus (such as {like}); correct its name, "
            "or import it without --corpus.",
            kind="name",
        )
    return found
