"""A clip as exports see it: its audio, its details, all its answers, and the label that follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from db.exports.choice import LabelKind
from db.models import Answer, ClipState


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswerRow:
    """One annotator's standing answer."""

    id: int
    uuid: str
    annotator_id: int
    annotator: str
    answer: Answer
    label: str | None
    gold: bool
    source: str
    queued_as: str | None
    run: int | None
    seconds: float | None
    plays: int | None
    reason: str | None
    suggestion_shown: bool
    answered_at: float
    """Seconds since 1970; of an imported answer when it was given, not when it was imported."""
    blind: bool
    """Whether it was given without a hint of what the classifier expects."""
    guidelines: int | None
    """The number of the version of the guidelines that was in force; None before the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """A label that the classifier or an imported suggestion expects."""

    label: str
    score: float | None
    """Its probability, 0 to 1; None where it is not known."""
    origin: str
    """`earmark run N`, or what the import named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRow:
    """A clip with everything that a format may want."""

    clip_id: int
    file_name: str
    """As it was imported."""
    path: str
    """Absolute; where the audio lay at the time that is exported."""
    lies_at: str
    """Absolute; where the audio lies today."""
    state: ClipState
    """A clip that was replaced or broken keeps its answers, but its audio is not to be had."""
    start: float
    end: float
    """Seconds."""
    whole: bool
    """Whether the clip is its whole file."""
    sampling_rate: int
    channels: int
    content_hash: str
    """SHA-256 of the file's bytes."""
    speaker: str | None
    transcript: str | None
    split: str | None
    extra: dict[str, Any]
    label: str | None
    kind: LabelKind
    agreement: float | None
    """Share of the labels given that are this label; None where nobody gave one."""
    confidence: float | None
    """Probability that the label is right: by the answers (Dawid and Skene 1979), or by the classifier for a predicted one."""
    answers: tuple[GivenAnswerRow, ...]
    """Oldest first."""
    predicted: Predicted | None

    @property
    def group(self) -> str:
        """Clips of one group belong into one split: those of a speaker, or of a file where no speaker is known."""
        return f"speaker {self.speaker}" if self.speaker is not None else f"file {self.content_hash}"
