"""The labels of a source that were not taken, as lines: each label is stated once, with its number of clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from db.imports.file_names import shown
from labeler.words.run import counted

MOST = 20
"""So many labels are named one by one; a wrong column may hold a label of its own on each line."""


def lines_of_labels_not_taken(left: Sequence[dict[str, Any]], *, label_set: Sequence[str]) -> list[str]:
    """One line for each label, and one that says which labels are taken.

    Args:
        left: `{"label", "clips", "first"}` each, as an import reports them.
        label_set: the project's labels.
    """
    lines = [
        f"{shown(each['label'])} is not in the label set: {_taken(each['clips'])} (first {shown(each['first'])})."
        for each in left[:MOST]
    ]
    if len(left) > MOST:
        clips = sum(each["clips"] for each in left[MOST:])
        lines.append(f"{counted(len(left) - MOST, 'more label')} not in the label set: {_taken(clips)}.")
    if left:
        lines.append(f"Labels are taken if they are one of: {', '.join(label_set)}.")
    return lines


def _taken(clips: int) -> str:
    return f"{counted(clips, 'clip')} imported, label not taken"
