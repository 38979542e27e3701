"""The labels of a source that were not taken, as lines: each label is stated once, with its number of clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from db.imports.file_names import shown
from labeler.words.run import counted

MOST = 20
"""So many labels are named one by one; a wrong column may hold a label of its own on each line."""


def lines_of_labels_not_taken(
    left: Sequence[dict[str, Any]], *, label_set: Sequence[str], clips_are_imported: bool = True
) -> list[str]:
    """One line for each label, and one that says which labels are taken.

    Args:
        left: `{"label", "clips", "first"}` each, as an import reports them.
        label_set: the project's labels.
        clips_are_imported: whether clips came with the labels, and not the answers alone.
    """

    def taken(clips: int) -> str:
        return f"{counted(clips, 'clip')} imported, label not taken" if clips_are_imported else f"not taken {_times(clips)}"

    lines = [
        f"{shown(each['label'])} is not in the label set: {taken(each['clips'])} (first {shown(each['first'])})."
        for each in left[:MOST]
    ]
    if len(left) > MOST:
        clips = sum(each["clips"] for each in left[MOST:])
        lines.append(f"{counted(len(left) - MOST, 'more label')} not in the label set: {taken(clips)}.")
    if left:
        lines.append(f"Labels are taken if they are one of: {', '.join(label_set)}.")
    return lines


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
