"""What became of the rows of a source, as `earmark import` reports it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from db.imports.manifest import BadRow, SourceRow
from db.records.clips import NewClip


@dataclass
class ImportReport:
    """Each row is added, known (aliases too) or rejected.

    A row whose label cannot be recorded, or whose speaker is another than that of the known clip, is imported all the same: its
    clip is in `added` or `known`, the rest in `warnings`.
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
    notes: list[str] = field(default_factory=list)
    """Sentences about the source as a whole."""

    def reject(self, row: SourceRow | BadRow, reason: str, kind: str | None = None) -> None:
        """Add a row that is not imported."""
        line = f"Line {row.number}"
        stated = f"{line}: {reason}" if self.of_lines and not reason.startswith(f"{line} ") else reason
        found = {"file_name": row.file_name, "reason": stated}
        self.rejected.append(found if kind is None else {**found, "kind": kind})

    def warn(self, clip: SourceRow | NewClip, warning: str) -> None:
        """Add what somebody should know of a clip that is imported."""
        self.warnings.append({"file_name": clip.file_name, "warning": warning})

    def take(self, other: ImportReport) -> None:
        """Add what another report counts."""
        self.added += other.added
        self.known += other.known
        self.labels += other.labels
        self.rejected += other.rejected
        self.aliases += other.aliases
        self.warnings += other.warnings

    def to_json(self) -> dict[str, Any]:
        """What `earmark import --json` prints."""
        names = ("added", "known", "rejected", "aliases", "warnings", "notes")
        return {name: getattr(self, name) for name in names}
