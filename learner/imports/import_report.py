"""What became of the rows of a source, as `earmark import` reports it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from db.imports.manifest import BadRow, SourceRow
from db.records.clips import NewClip


@dataclass
class LabelNotTaken:
    """A label that is not in the label set: on how many rows it stands, and the file of the first."""

    clips: int
    first: str


@dataclass
class ImportReport:
    """Each row is added, known (aliases too) or rejected.

    A row whose label cannot be recorded, or whose speaker is another than that of the known clip, is imported all the same: its
    clip is in `added` or `known`, its label in `labels_not_taken` if it is not in the label set, and the rest in `warnings`.
    """

    of_lines: bool = False
    """Whether rows are lines of a file; then reasons begin with the line."""
    added: int = 0
    known: int = 0
    rejected: list[dict[str, str]] = field(default_factory=list)
    """{"file_name", "reason"}; with a "kind" as well where one of the notes explains all rejections of this kind."""
    aliases: list[dict[str, str]] = field(default_factory=list)
    """Files with the bytes of a clip that has another path: {"file_name", "alias_of"}."""
    warnings: list[dict[str, str]] = field(default_factory=list)
    """What somebody should know of clips that were added, or are known: {"file_name", "warning"}."""
    labels: int = 0
    """Decisions recorded from labels in the source."""
    of_nobody: int = 0
    """Answers whose annotator neither the source nor an option names; they are not recorded."""
    annotators: set[str] = field(default_factory=set)
    """Whose answers were recorded, as the source names them."""
    suggestions: int = 0
    """Predictions recorded as suggestions."""
    fitting_labels: int = 0
    """Labels of the source that are in the label set, whether they were recorded now, before, or not at all."""
    labels_not_taken: dict[str, LabelNotTaken] = field(default_factory=dict)
    """By label, in the order of the source: those that are not in the label set."""
    label_set: list[str] = field(default_factory=list)
    """The labels that could be taken; empty if none was asked for."""
    notes: list[str] = field(default_factory=list)
    """Sentences about the source as a whole."""

    def reject(self, row: SourceRow | BadRow, reason: str, kind: str | None = None) -> None:
        """Add a row that is not imported."""
        line = f"Line {row.number}"
        stated = f"{line}: {reason}" if self.of_lines and not reason.startswith(f"{line} ") else reason
        found = {"file_name": row.file_name, "reason": stated}
        self.rejected.append(found if kind is None else {**found, "kind": kind})

    def leave_label(self, label: str, file_name: str) -> None:
        """Count a row that is imported without its label, since that is not in the label set."""
        self.labels_not_taken.setdefault(label, LabelNotTaken(0, file_name)).clips += 1

    @property
    def took_nothing(self) -> bool:
        """Whether no clip of the source is in the project, or labels were asked for and not one of them is in the label set."""
        no_label = bool(self.labels_not_taken) and not self.fitting_labels
        return not self.added + self.known or no_label

    def warn(self, clip: SourceRow | NewClip, warning: str) -> None:
        """Add what somebody should know of a clip that is imported."""
        self.warnings.append({"file_name": clip.file_name, "warning": warning})

    def take(self, other: ImportReport) -> None:
        """Add what another report counts."""
        self.added += other.added
        self.known += other.known
        self.labels += other.labels
        self.fitting_labels += other.fitting_labels
        self.of_nobody += other.of_nobody
        self.annotators |= other.annotators
        self.suggestions += other.suggestions
        for label, left in other.labels_not_taken.items():
            self.labels_not_taken.setdefault(label, LabelNotTaken(0, left.first)).clips += left.clips
        self.rejected += other.rejected
        self.aliases += other.aliases
        self.warnings += other.warnings

    def to_json(self) -> dict[str, Any]:
        """What `earmark import --json` prints."""
        names = ("added", "known", "rejected", "aliases", "warnings", "labels", "suggestions", "notes")
        left = [{"label": label, "clips": found.clips, "first": found.first} for label, found in self.labels_not_taken.items()]
        return {**{name: getattr(self, name) for name in names}, "annotators": sorted(self.annotators), "labels_not_taken": left}
