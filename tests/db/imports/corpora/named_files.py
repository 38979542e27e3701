"""Folders of files with the names of a corpus, and nothing in them: names are all that its reader looks at."""

from __future__ import annotations

from pathlib import Path

from db.imports.corpora.folder import read_corpus
from db.imports.manifest import BadRow, SourceRow
from db.imports.remarks import Remarks


def named(folder: Path, *names: str) -> Path:
    """The folder, with an empty file of each name."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def rows_by_name(folder: Path, corpus: str, remarks: Remarks | None = None) -> dict[str, SourceRow]:
    """The rows of files that belong to the corpus, by file name."""
    return {row.file_name: row for row in read_corpus(folder, corpus, remarks=remarks) if isinstance(row, SourceRow)}


def rejected(folder: Path, corpus: str) -> dict[str, str]:
    """The reasons why files do not belong to the corpus, by file name."""
    return {row.file_name: row.reason for row in read_corpus(folder, corpus) if isinstance(row, BadRow)}
