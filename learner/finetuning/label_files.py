"""Label files as those who fine-tune wav2vec 2.0 share them: `{"Train": {file: label}, "Val": {...}, "Test": {...}}`.

The code of Chen & Rudnicky 2021 takes such files, one for each held-out session. Here one is read as a single fold, and one is
written for each fold and run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from db.errors import FormatError
from db.imports.label_sets import holds_label_sets
from db.imports.manifest import SourceRow, read_manifest
from db.store.files import write_whole
from learner.arrays import Int64Array
from learner.corpora.clips import ProbeClip
from learner.finetuning.folds import Fold

TRAIN, VALIDATION, TEST = "Train", "Val", "Test"


def parts_of(path: Path) -> dict[str, str] | None:
    """The part that each file of a label file is of, by its path; None for a manifest of another form.

    Raises:
        FormatError: it cannot be read.
    """
    if not holds_label_sets(path):
        return None
    rows = [row for row in read_manifest(path) if isinstance(row, SourceRow)]
    # As for labels, the first place of a file counts.
    return {row.path: row.split or TRAIN for row in reversed(rows)}


def fold_of_parts(clips: Sequence[ProbeClip], part_of: Mapping[str, str]) -> list[Fold]:
    """The one fold: `Test` is held out; what is for validation is learned from too, since no recipe needs it.

    Raises:
        FormatError: no clip of `Train`, or none of `Test`, can be used.
    """
    held_out = np.array([part_of[clip.path].lower() == TEST.lower() for clip in clips], dtype=np.bool_)
    if held_out.all() or not held_out.any():
        raise FormatError(
            f"No usable clip is listed under {TEST if not held_out.any() else TRAIN!r}; add some to the label file."
        )
    return [Fold((TEST,), np.flatnonzero(~held_out), np.flatnonzero(held_out))]


def write_label_file(path: Path, clips: Sequence[ProbeClip], *, train: Int64Array, test: Int64Array) -> None:
    """Write the label file of a fold: what was learned from, and what was held out.

    Raises:
        OSError: it cannot be written.
    """
    parts = {
        TRAIN: {clips[row].file_name: clips[row].label for row in train.tolist()},
        VALIDATION: {},
        TEST: {clips[row].file_name: clips[row].label for row in test.tolist()},
    }
    write_whole(path, json.dumps(parts, ensure_ascii=False, indent=1) + "\n")
