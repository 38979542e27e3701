"""Export as the JSON file of FT-w2v2-ser (Chen and Rudnicky 2021): a dictionary from file to label for each split."""

from __future__ import annotations

import json
from pathlib import Path

from db.errors import FormatError
from db.exports.contents import Contents
from db.exports.formats.labelled import file_of_its_own, labelled
from db.exports.splits import usual_split

_SECTIONS = {"train": "Train", "dev": "Val", "test": "Test", None: "Train"}


def write_ft_w2v2_ser(contents: Contents, path: Path) -> int:
    """Write the sections Train, Val and Test; returns the number of clips. What is in no split is in Train.

    A split with another name, such as a fold, is a section of its own, so that it is not mixed into the training data.

    Raises:
        FormatError: a clip has no label, is a part of a file that is not cut, or has the path of another one.
    """
    sections: dict[str, dict[str, str]] = {"Train": {}, "Val": {}, "Test": {}}
    for row, label in labelled(contents, format="ft-w2v2-ser"):
        usual = usual_split(row.split)
        section = sections.setdefault(_SECTIONS[usual] if usual or not row.split else row.split, {})
        name = file_of_its_own(contents, row, format="ft-w2v2-ser")
        if name in section:
            raise FormatError(f"ft-w2v2-ser has one label for each file, and two clips lie at {name!r}; export with audio cut.")
        section[name] = label
    path.write_text(json.dumps(sections, ensure_ascii=False, indent=2) + "\n", encoding="utf-8", newline="\n")
    return sum(map(len, sections.values()))
