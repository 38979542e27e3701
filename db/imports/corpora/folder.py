"""The rows of a corpus: every audio file of its folder, described by the corpus' own reader."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from db.errors import FormatError
from db.imports.corpora.corpus import LeftOutError, Reader, StrangeFileError
from db.imports.corpora.registry import corpus_named
from db.imports.file_names import shown
from db.imports.folder import read_folder
from db.imports.manifest import BadRow, SourceRow
from db.imports.remarks import Remarks


def read_corpus(folder: Path, name: str, *, remarks: Remarks | None = None) -> Iterator[SourceRow | BadRow]:
    """The audio files below `folder`, as `read_folder` finds them, with label, speaker, transcript and extra.

    A file that is not one of the corpus becomes a `BadRow`. A file that the corpus leaves out becomes no row.

    Args:
        name: of the corpus, as `--corpus` takes it; it is kept in `extra` with each clip.
        remarks: takes what was left out; complete once the last row is read.

    Raises:
        FormatError: there is no such corpus or folder; or as `read_folder` raises it.
    """
    reader = corpus_named(name).reader()
    if not os.path.isdir(folder):
        raise FormatError(f"{shown(str(folder))} is not a folder; --corpus {name} takes the folder of the corpus.")
    return _rows(read_folder(folder), name, reader, Remarks() if remarks is None else remarks)


def _rows(rows: Iterator[SourceRow | BadRow], name: str, reader: Reader, remarks: Remarks) -> Iterator[SourceRow | BadRow]:
    for row in rows:
        if isinstance(row, BadRow):
            yield row
            continue
        try:
            found = reader(row.path)
        except LeftOutError as left:
            remarks.add(left.kind, left.sentence)
        except StrangeFileError as problem:
            remarks.add(f"strange {problem.kind}", _rejected(row.file_name, str(problem)))
            yield BadRow(
                number=row.number, file_name=row.file_name, path=row.path, reason=str(problem), kind=f"strange {problem.kind}"
            )
        else:
            yield replace(
                row,
                label=found.label,
                speaker=found.speaker,
                transcript=found.transcript,
                extra={"corpus": name, **found.extra},
            )


def _rejected(first: str, reason: str) -> Callable[[int], str]:
    return lambda count: (
        f"rejected {shown(first)}: {reason}" if count == 1 else f"rejected {count} files, the first {shown(first)}: {reason}"
    )
