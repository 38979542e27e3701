"""What an export holds, counted while it is written: the numbers of its data sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from db.exports.rows import ClipRow, GivenAnswerRow


@dataclass
class Tally:
    """Counts of what was written."""

    clips: int = 0
    decisions: int = 0
    seconds: float = 0.0
    """Of all clips."""
    per_label: Counter[str] = field(default_factory=Counter)
    per_kind: Counter[str] = field(default_factory=Counter)
    per_split: Counter[str] = field(default_factory=Counter)
    per_annotator: Counter[str] = field(default_factory=Counter)
    """Answers."""
    speakers: set[str] = field(default_factory=set)
    shared: int = 0
    """Clips with labels of at least two annotators."""
    agreements: float = 0.0
    """Sum of the agreement on these."""

    def clear(self) -> None:
        """Begin anew."""
        self.__init__()  # type: ignore[misc] # every field has its default

    @property
    def agreement(self) -> float | None:
        """Mean agreement on clips with labels of at least two annotators; None without such a clip."""
        return self.agreements / self.shared if self.shared else None

    def add_clip(self, row: ClipRow) -> None:
        """Count a clip."""
        self.clips += 1
        self.seconds += row.end - row.start
        self.per_label[row.label or ""] += 1
        self.per_kind[row.kind.value] += 1
        self.per_split[row.split or ""] += 1
        if row.speaker is not None:
            self.speakers.add(row.speaker)
        if row.answers:
            self._add_answers(row)

    def _add_answers(self, row: ClipRow) -> None:
        self.decisions += len(row.answers)
        self.per_annotator.update(answer.annotator for answer in row.answers)
        if row.agreement is not None and sum(answer.label is not None for answer in row.answers) > 1:
            self.shared += 1
            self.agreements += row.agreement

    def add_answers(self, row: ClipRow, answers: Sequence[GivenAnswerRow]) -> None:
        """Count some decisions of a clip."""
        self.decisions += len(answers)
        self.per_label.update(answer.label or "" for answer in answers)
        self.per_annotator.update(answer.annotator for answer in answers)
        if answers:
            self.per_split[row.split or ""] += len(answers)
            if row.speaker is not None:
                self.speakers.add(row.speaker)

    def add_decision(self, row: Mapping[str, Any]) -> None:
        """Count a decision."""
        self.decisions += 1
        self.per_label[row["label"] or ""] += 1
        self.per_split[row["split"] or ""] += 1
        self.per_annotator[row["annotator"]] += 1
        if row["speaker"] is not None:
            self.speakers.add(row["speaker"])
