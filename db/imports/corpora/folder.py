"""The rows of a corpus: every audio file of its folder, described by the corpus' own reader."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from db.errors import FormatError
from db.imports.corpora.corpus import Corpus, LeftOutError, Reader, StrangeFileError, stem_of
from db.imports.corpora.registry import corpus_named
from db.imports.file_names import shown
from db.imports.folder import read_folder
from db.imports.manifest import BadRow, SourceRow
from db.imports.remarks import Remarks


def read_corpus(folder: Path, name: str, *, remarks: Remarks | None = None) -> Iterator[SourceRow | BadRow]:
    """The audio files below `folder`, as `read_folder` finds them, with label, speaker, transcript and extra.

    A file that is not one of the corpus becomes a `BadRow`. A file that the corpus leaves out becomes no row, and so does a clip
    that the corpus' own files list and that has no audio.

    Args:
        name: of the corpus, as `--corpus` takes it; it is kept in `extra` with each clip.
        remarks: takes what was left out; complete once the last row is read.

    Raises:
        FormatError: there is no such corpus or folder; or as `read_folder` raises it.
    """
    corpus = corpus_named(name)
    if not os.path.isdir(folder):
        raise FormatError(f"{shown(str(folder))} is not a folder; --corpus {name} takes the folder of the corpus.")
    return _rows(read_folder(folder), folder, corpus, Remarks() if remarks is None else remarks)


def _rows(rows: Iterator[SourceRow | BadRow], folder: Path, corpus: Corpus, remarks: Remarks) -> Iterator[SourceRow | BadRow]:
    reader = corpus.reader()
    found: set[str] = set()
    for row in rows:
        found.add(stem_of(row.path))
        described = row if isinstance(row, BadRow) else _described(row, corpus.name, reader, remarks)
        if described is not None:
            yield described
    listed = () if corpus.listed is None else dict.fromkeys(corpus.listed(os.path.abspath(folder)))
    for name in listed:
        if name not in found:
            remarks.add("no audio", _without_audio(name))


def _described(row: SourceRow, name: str, reader: Reader, remarks: Remarks) -> SourceRow | BadRow | None:
    """The row with what the corpus says of its file; None if the corpus leaves it out."""
    try:
        found = reader(row.path)
    except LeftOutError as left:
        remarks.add(left.kind, left.sentence)
        return None
    except StrangeFileError as problem:
        kind = f"strange {problem.kind}"
        remarks.add(kind, _rejected(row.file_name, str(problem)))
        return BadRow(number=row.number, file_name=row.file_name, path=row.path, reason=str(problem), kind=kind)
    extra = {"corpus": name, **found.extra}
    return replace(row, label=found.label, speaker=found.speaker, transcript=found.transcript, extra=extra)


def _without_audio(first: str) -> Callable[[int], str]:
    return lambda count: (
        f"The corpus lists {shown(first)}, which has no audio file here; complete the folder of the corpus."
        if count == 1
        else f"The corpus lists {count} clips that have no audio file here, the first {shown(first)}; complete its folder."
    )


def _rejected(first: str, reason: str) -> Callable[[int], str]:
    return lambda count: (
        f"rejected {shown(first)}: {reason}" if count == 1 else f"rejected {count} files, the first {shown(first)}: {reason}"
    )
