"""Reads a run folder: what a model of many corpora predicts for the held-out clips of each corpus, in each of its runs.

    RUN/model.json           {"version": 1, "mode": …, "backbone": …, "corpora": {NAME: {"labels": […], …}}, "runs": N, …}
    RUN/run-n/test/NAME.csv  file,start,end,speaker,label,predicted,p:LABEL,…   n from 1 to N

Nothing else is read. Everything in it is hostile: names of corpora become file names only if they are plain.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.errors import FormatError
from db.imports.file_names import shown

VERSION = 1
COLUMNS = ("file", "start", "end", "speaker", "label", "predicted")
MOST_RUNS = 1000
MOST_CORPORA = 1000
_LARGEST_MODEL_FILE = 64 * 2**20
_LARGEST_TABLE = 2**30
_LONGEST_NAME = 200

ClipKey = tuple[str, str, str]
"""File, start and end, as they are written."""


@dataclass(frozen=True)
class RunFolder:
    """What the folder's `model.json` says."""

    path: Path
    mode: str
    backbone: str
    runs: int
    labels: dict[str, list[str]]
    """The label set of each corpus."""

    @property
    def title(self) -> str:
        """For people: such as `adapters (resnet), in models/adapters`."""
        return f"{self.mode} ({self.backbone}), in {self.path}"


@dataclass(frozen=True)
class PredictedClip:
    """One row of a table."""

    speaker: str
    label: str
    predicted: str


def read_run_folder(path: Path) -> RunFolder:
    """Read `model.json`.

    Raises:
        FormatError: it is missing, damaged, of another version, or holds what cannot be.
    """
    file = path / "model.json"
    try:
        if not file.is_file():
            raise FormatError(f"{path} is no run folder: it has no model.json; name what `earmark corpora train --output` wrote.")
        if file.stat().st_size > _LARGEST_MODEL_FILE:
            raise FormatError(f"{file} is larger than {_LARGEST_MODEL_FILE // 2**20} MiB, so it is none of ours; train again.")
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise FormatError(f"{file} cannot be read ({error.strerror}); check the folder.") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{file} is damaged: it is not JSON; restore it, or train again.") from error
    return _checked(path, found)


def _checked(path: Path, found: Any) -> RunFolder:
    file = path / "model.json"
    if not isinstance(found, dict) or found.get("version") != VERSION:
        raise FormatError(f"{file} is not of version {VERSION}, which this release reads; train again, or install its release.")
    runs, corpora = found.get("runs"), found.get("corpora")
    if not isinstance(runs, int) or isinstance(runs, bool) or not 1 <= runs <= MOST_RUNS:
        raise FormatError(f'{file} is damaged: "runs" is not a number from 1 to {MOST_RUNS}; restore it, or train again.')
    if not isinstance(corpora, dict) or not 1 <= len(corpora) <= MOST_CORPORA:
        raise FormatError(f'{file} is damaged: "corpora" does not name 1 to {MOST_CORPORA} corpora; restore it, or train again.')
    labels = {}
    for name, facts in corpora.items():
        if not _is_plain(name):
            raise FormatError(f"{file} names a corpus {shown(name)}, which is no plain file name; rename it and train again.")
        of_corpus = facts.get("labels") if isinstance(facts, dict) else None
        if not isinstance(of_corpus, list) or not of_corpus or not all(isinstance(label, str) for label in of_corpus):
            raise FormatError(f"{file} is damaged: the corpus {shown(name)} has no list of labels; restore it, or train again.")
        labels[name] = of_corpus
    mode, backbone = (shown(str(found.get(key, "?"))).strip("'") for key in ("mode", "backbone"))
    return RunFolder(path, mode, backbone, runs, labels)


def _is_plain(name: str) -> bool:
    """Whether a file of that name lies in its folder, and nowhere else."""
    characters = all(character.isprintable() and character not in "/\\" for character in name)
    return characters and bool(name.strip(". ")) and len(name.encode()) <= _LONGEST_NAME


def read_run(folder: RunFolder, corpus: str, run: int) -> dict[ClipKey, PredictedClip]:
    """What one run (from 1) predicts for a corpus, in the order of the file.

    Raises:
        FormatError: the table is missing or damaged, has a clip twice, or a label that is not in the corpus's label set.
    """
    file = folder.path / f"run-{run}" / "test" / f"{corpus}.csv"
    known, clips = {*folder.labels[corpus]}, dict[ClipKey, PredictedClip]()
    for line, row in _rows(file):
        key = (row["file"], row["start"], row["end"])
        clip = PredictedClip(row["speaker"], row["label"], row["predicted"])
        if key in clips:
            raise FormatError(f"{file}, line {line}: the clip {shown(key[0])} is there twice; train again.")
        for label in (clip.label, clip.predicted):
            if label not in known:
                raise FormatError(f"{file}, line {line}: {shown(label)} is not a label of this corpus; train again.")
        clips[key] = clip
    if not clips:
        raise FormatError(f"{file} lists no clip; train with clips held out.")
    return clips


def _rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row's line number and its columns of `COLUMNS`."""
    try:
        if not file.is_file():
            raise FormatError(f"{file} is missing; let the training end, or restore the file.")
        if file.stat().st_size > _LARGEST_TABLE:
            raise FormatError(f"{file} is larger than {_LARGEST_TABLE // 2**30} GiB, so it is none of ours; train again.")
        with file.open(encoding="utf-8", newline="") as lines:
            reader = csv.reader(lines, strict=True)
            header = next(reader, [])
            missing = [column for column in COLUMNS if header.count(column) != 1]
            if missing:
                raise FormatError(f"{file} has not one column {missing[0]!r}; it needs {', '.join(COLUMNS)}.")
            places = {column: header.index(column) for column in COLUMNS}
            for row in reader:
                if len(row) != len(header):
                    raise FormatError(f"{file}, line {reader.line_num}: {len(row)} fields, not {len(header)}; train again.")
                yield reader.line_num, {column: row[place] for column, place in places.items()}
    except OSError as error:
        raise FormatError(f"{file} cannot be read ({error.strerror}); check the folder.") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{file} is damaged: it is not UTF-8; restore it, or train again.") from error
    except csv.Error as error:
        raise FormatError(f"{file} is damaged: it is no CSV ({error}); restore it, or train again.") from error
