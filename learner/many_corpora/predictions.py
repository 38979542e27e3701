"""Predictions as a CSV file: a probability for each label, in full precision."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from learner.arrays import Float64Array
from learner.corpora.clips import ProbeClip

FACTS = ("file", "start", "end", "speaker", "label", "predicted")


def write_predictions(
    path: Path, clips: Sequence[ProbeClip], probabilities: Float64Array, *, labels: Sequence[str], label_of: Sequence[str | None]
) -> None:
    """Write one line a clip: file, start and end in seconds (no end is that of the file), speaker, label, predicted label, and
    `p:LABEL` for each label.

    Raises:
        OSError: it cannot be written.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([*FACTS, *(f"p:{label}" for label in labels)])
        for clip, label, row in zip(clips, label_of, probabilities, strict=True):
            facts = (
                clip.file_name,
                repr(clip.start),
                "" if clip.end is None else repr(clip.end),
                clip.speaker or "",
                label or "",
            )
            writer.writerow([*facts, labels[int(row.argmax())], *(repr(float(value)) for value in row)])
