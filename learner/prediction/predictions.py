"""What a prediction is, what is reported about a row of them, and the CSV file that they are written to."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from db.store.files import written_whole
from learner.arrays import Float32Array
from learner.heads.linear import LinearHead

UNKNOWN_SPEAKERS = "The speakers of new audio are unknown, so the head without normalisation is used."
NO_TRANSCRIPTS = "New audio has no transcripts, so the head for sound alone is used."


@dataclass(frozen=True)
class Prediction:
    """What the head predicts for a clip; start and end in seconds, probabilities in the order of the label set."""

    file_name: str
    start: float
    end: float
    label: str
    probabilities: list[float]
    clip_id: int | None = None
    """None for audio that belongs to no project."""


@dataclass(frozen=True)
class UsedHead:
    """Which head predicts, and how good it is for speakers it did not learn from."""

    run: int
    normalisation: str
    """`speaker` or `none`."""
    why: str
    ua: float | None
    """With its 95% interval; None before the run is evaluated, or without a clip to test on."""
    ua_low: float | None
    ua_high: float | None
    words: bool = False
    """Whether it uses the words of clips beside their sound."""


@dataclass
class PredictReport:
    """How many clips were predicted, by which head, and what was left out: `{"file_name", "reason"}` each."""

    predicted: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    head: UsedHead | None = None
    network: dict[str, Any] | None = None
    """What predicts in place of a head, see `learner.prediction.adopted.used_network`."""

    def leave_out(self, file_name: str, reason: str) -> None:
        """Note a clip that cannot be predicted."""
        self.failed.append({"file_name": file_name, "reason": reason})


@dataclass(frozen=True)
class LabelledHead:
    """A head whose classes have names: `label_names` has one for each of `label_ids`, in the order of the label set."""

    head: LinearHead
    label_ids: Sequence[int]
    label_names: Sequence[str]

    def predictions(self, clips: Sequence[tuple[int | None, str, float, float]], vectors: Float32Array) -> Iterator[Prediction]:
        """For clips (id or None, file name, start and end in seconds) with these vectors [clips, dim]."""
        probabilities = self.head.probabilities(vectors, self.label_ids)
        for (clip_id, file_name, start, end), row in zip(clips, probabilities, strict=True):
            yield Prediction(file_name, start, end, self.label_names[int(row.argmax())], row.tolist(), clip_id)


def write_csv(
    output: Path, predict: Callable[[PredictReport], Iterator[Prediction]], label_names: Sequence[str]
) -> PredictReport:
    """Write predictions as CSV: `file_name, start, end, predicted` and `p_LABEL` for each label.

    File names are written as they are, so that they can be found again. The file appears whole or not at all.

    Args:
        predict: gives the predictions, and notes in the report what is left out.

    Raises:
        FormatError: the output cannot be written.
    """
    report = PredictReport()
    with written_whole(output, example="predictions.csv") as path, path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", "start", "end", "predicted", *(f"p_{name}" for name in label_names)])
        for row in predict(report):
            chances = (f"{value:.6f}" for value in row.probabilities)
            writer.writerow([row.file_name, round(row.start, 6), round(row.end, 6), row.label, *chances])
            report.predicted += 1
    return report
