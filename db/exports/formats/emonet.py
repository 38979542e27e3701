"""Export as the CSV file of EmoNet (Gerczuk et al. 2021): file and label."""

from __future__ import annotations

import csv
from pathlib import Path

from db.exports.contents import Contents
from db.exports.formats.labelled import file_of_its_own, labelled


def write_emonet(contents: Contents, path: Path) -> int:
    """Write one line for each clip; returns their number. Files are named relative to the folder, or absolutely without audio.

    Raises:
        FormatError: a clip has no label, or is a part of a file that is not cut.
    """
    count = 0
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "label"])
        for row, label in labelled(contents, format="emonet"):
            writer.writerow([file_of_its_own(contents, row, format="emonet"), label])
            count += 1
    return count
