"""Label files as those who fine-tune wav2vec 2.0 share them: `{"Train": {file: label}, "Val": {...}, "Test": {...}}`.

The code of Chen & Rudnicky 2021 takes such files, one for each held-out session. Here one is read as a single fold, and one is
written for each fold and run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from db.errors import FormatError
from db.imports.file_names import absolute_path
from db.store.files import write_whole
from learner.arrays import Int64Array
from learner.corpora.clips import LabelledClips, LeftOut, ProbeClip
from learner.finetuning.folds import Fold

TRAIN, VALIDATION, TEST = "Train", "Val", "Test"
_MOST_BYTES = 256 * 2**20


def is_label_file(path: Path) -> bool:
    """Whether a manifest is meant as such a file."""
    return path.suffix.lower() == ".json"


def read_label_file(path: Path) -> tuple[LabelledClips, dict[str, str]]:
    """The clips of a label file, and the part that each is of, by its path; files are named relative to it, or absolute.

    A file that several parts name is of the last of them, so that nothing that is tested is learned from.

    Raises:
        FormatError: it cannot be read, or is not such a file.
    """
    parts = _parts(path)
    found, part_of = LabelledClips(), dict[str, str]()
    clips: dict[str, ProbeClip] = {}
    for part in (TRAIN, VALIDATION, TEST):
        for name, label in parts.get(part, {}).items():
            if not name or "\0" in name or isinstance(label, bool) or not isinstance(label, str | int):
                found.left_out.append(LeftOut(name, f"Its label or name in {path.name} cannot be used."))
                continue
            file = absolute_path(str(path.absolute().parent), name)
            clips[file] = ProbeClip(name, file, 0.0, None, str(label), None)
            part_of[file] = part
    found.clips = list(clips.values())
    return found, part_of


def _parts(path: Path) -> Mapping[str, Mapping[str, Any]]:
    wrong = FormatError(
        f"{path} is not a label file: it must be JSON of the form "
        '{"Train": {file: label}, "Val": {}, "Test": {file: label}}; give such a file, or a manifest as CSV.'
    )
    try:
        if os.path.getsize(path) > _MOST_BYTES:
            raise FormatError(f"{path} is larger than a label file can be; give a manifest as CSV.")
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise FormatError(f"{path} cannot be read ({error.strerror}); check its name and permissions.") from error
    except (ValueError, RecursionError) as error:
        raise wrong from error
    if not isinstance(content, dict) or not {TRAIN, TEST} <= set(content):
        raise wrong
    if not all(isinstance(content.get(part, {}), dict) for part in (TRAIN, VALIDATION, TEST)):
        raise wrong
    return content


def fold_of_parts(clips: Sequence[ProbeClip], part_of: Mapping[str, str]) -> list[Fold]:
    """The one fold: `Test` is held out; what is for validation is learned from too, since no recipe needs it.

    Raises:
        FormatError: no clip of `Train`, or none of `Test`, can be used.
    """
    held_out = np.array([part_of[clip.path] == TEST for clip in clips], dtype=np.bool_)
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
