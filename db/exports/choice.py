"""What an export is to hold: which rows, which clips, as of when, with which splits and audio."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from db.errors import FormatError


class RowsOf(enum.StrEnum):
    """What a row stands for."""

    CONSENSUS = "consensus"
    """One row a clip, with the label that follows from all answers."""
    DECISIONS = "decisions"
    """Every decision that stands."""


class AudioAs(enum.StrEnum):
    """What happens to the audio."""

    NONE = "none"
    """Nothing: the export names the files where they are."""
    COPY = "copy"
    """Each file is copied, byte for byte."""
    CUT = "cut"
    """Each clip becomes a file of its own; a clip that is a whole file is copied."""


class LabelKind(enum.StrEnum):
    """Where a clip's label comes from."""

    GOLD = "gold"
    """A reviewer fixed it."""
    CONSENSUS = "consensus"
    """It follows from the annotators' answers."""
    PREDICTED = "predicted"
    """Nobody labelled the clip; the classifier predicts it."""
    NONE = "none"
    """Nobody labelled the clip, and nothing is predicted."""


@dataclass(frozen=True, slots=True)
class SplitShares:
    """How clips are divided; the shares add up to 1. No speaker is in two splits."""

    train: float
    dev: float
    test: float

    @classmethod
    def parse(cls, text: str) -> SplitShares:
        """From three numbers with slashes between them, in percent or as ratios: `80/10/10`.

        Raises:
            FormatError: it is something else.
        """
        parts = text.split("/")
        try:
            numbers = [float(part) for part in parts]
        except ValueError:
            numbers = []
        total = sum(numbers)
        if len(numbers) != 3 or not all(0 <= number < 1e6 for number in numbers) or total <= 0:
            raise FormatError(f"{text!r} are no shares of train, dev and test; write three numbers such as 80/10/10.")
        return cls(*(number / total for number in numbers))


@dataclass(frozen=True, kw_only=True)
class ExportChoice:
    """What somebody wants to export; the default is one row for each clip that has a label."""

    rows: RowsOf = RowsOf.CONSENSUS
    audio: AudioAs | None = None
    """None: as the format needs it."""
    splits: SplitShares | None = None
    """None: the split that the manifest gave each clip."""
    labels: frozenset[str] | None = None
    """Only clips that have one of these labels."""
    least_agreement: float | None = None
    """Only clips of which at least this share of the labels given is the clip's own."""
    least_confidence: float | None = None
    """Only clips whose label is right with at least this probability."""
    since: float | None = None
    """Only clips answered at or after this time (seconds since 1970)."""
    until: float | None = None
    """Only clips whose answers are all from before this time."""
    kinds: frozenset[LabelKind] = frozenset((LabelKind.GOLD, LabelKind.CONSENSUS))
    """Which clips by where their label comes from; a clip that was only skipped or unsure counts as `none`."""
    as_of: float | None = None
    """The project as it was then; None for now."""
    for_spreadsheets: bool = False
    """Change texts that a spreadsheet would take for formulas."""

    def __post_init__(self) -> None:
        for name, value in (("agreement", self.least_agreement), ("confidence", self.least_confidence)):
            if value is not None and not 0 <= value <= 1:
                raise FormatError(f"The least {name} cannot be {value!r}; give a number from 0 to 1.")

    @property
    def gold_only(self) -> bool:
        """Whether of the labelled clips only those are wanted whose label a reviewer fixed."""
        return LabelKind.GOLD in self.kinds and LabelKind.CONSENSUS not in self.kinds

    @property
    def narrows(self) -> bool:
        """Whether it leaves out answers that stand."""
        bounds = (self.labels, self.least_agreement, self.least_confidence, self.since, self.until)
        return self.gold_only or any(bound is not None for bound in bounds)

    @property
    def narrows_clips(self) -> bool:
        """Whether it depends on a clip's consensus which of its decisions are exported."""
        return self.least_agreement is not None or self.least_confidence is not None
