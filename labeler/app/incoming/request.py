"""What somebody asks to be imported, and how: the same options as those of `earmark import`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ImportRequest:
    """A folder or manifest on this machine, and how it is read."""

    source: Path
    """Absolute."""
    is_trial: bool = False
    """Whether it is only checked what an import would do."""
    labels_as: str | None = None
    labels_from_folders: bool = False
    times_in: str | None = None
    corpus: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    """As `db.imports.column_choice.chosen_columns` gives it."""
    segment: str | None = None
    """`windows:SECONDS` or `pauses`; None leaves recordings whole."""
    longest: float | None = None
    """Seconds of the longest clip that is cut at pauses."""

    def arguments(self) -> list[str]:
        """The command and its options, without the program."""
        texts = {
            "--labels-as": self.labels_as,
            "--times-in": self.times_in,
            "--corpus": self.corpus,
            "--segment": self.segment,
            "--longest": None if self.longest is None else f"{self.longest:g}",
        }
        # With `=`, so that no value is taken for an option.
        given = [f"{option}={value}" for option, value in texts.items() if value is not None]
        given += [f"--column={meaning}={column}" for meaning, column in self.columns.items()]
        folders = ["--labels-from-folders"] if self.labels_from_folders else []
        # Absolute, so that it is no address (`learner.audio.address`): a page shall not make the server fetch anything.
        return ["validate" if self.is_trial else "import", *given, *folders, "--json", "--", str(self.source.absolute())]
