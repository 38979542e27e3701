"""What a call of `embed` or `embed_words` did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WordsReport:
    """What one call did."""

    text_encoder: str
    encoded: int
    """Transcripts that got a vector, new or changed ones."""
    with_words: int
    """Clips in service that have one now."""
    without: int
    """Clips in service without a transcript, or without words in it: they are masked."""
    seconds: float


@dataclass(frozen=True)
class FailedClip:
    """A clip that got no features, and why."""

    clip_id: int
    file_name: str
    reason: str


@dataclass(frozen=True)
class EmbedReport:
    """What one call did."""

    embedded: int
    failed: list[FailedClip]
    feature_set_id: int
    seconds: float
    precision: str
    """That the encoder computed in."""
    words: WordsReport | None = None
    """What was done for transcripts; None where the settings name no text encoder."""
