"""What somebody looks for among all clips: words, filters and an order."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from db.models import ClipState, Source


class Mark(enum.StrEnum):
    """What can be true of a clip."""

    UNANSWERED = "no answer"
    NO_LABEL = "no label"
    """Nobody has answered it, or no answer is a label."""
    LABELLED = "labelled"
    DIFFER = "answers differ"
    GOLD = "label fixed"
    UNSURE = "unsure"
    SKIPPED = "skipped"
    FLAGGED = "flagged"
    COMMENTED = "commented"
    DOUBTED = "classifier disagrees"
    """The classifier predicted another label, or found the label suspicious when it last looked."""
    ASKED_AGAIN = "asked again"
    """A lead asked for one more answer, and it is not there yet."""


class Order(enum.StrEnum):
    """What clips can be sorted by, apart from columns of the manifest."""

    IMPORTED = "imported"
    FILE_NAME = "file name"
    SPEAKER = "speaker"
    SECONDS = "seconds"
    LABEL = "label"
    ANSWERS = "answers"
    AGREEMENT = "agreement"
    PREDICTED = "predicted"
    CONFIDENCE = "confidence"
    ANSWERED = "answered"


@dataclass(frozen=True, kw_only=True)
class ClipChoice:
    """Every condition that is given must hold; None, empty and zero give none."""

    search: str = ""
    """Part of a file name, transcript or note, in whatever case; no sign in it has a meaning of its own."""
    label: int | None = None
    """Id of the clip's label by all answers."""
    predicted: int | None = None
    """Id of the label that the classifier expects."""
    marks: frozenset[Mark] = frozenset()
    annotator: int | None = None
    """Id of somebody whose answer stands."""
    speaker: str | None = None
    source: Source | None = None
    """Why one of the standing answers was given."""
    shortest: float | None = None
    """Seconds."""
    longest: float | None = None
    column: str | None = None
    """Name of a column of the manifest, with `value`."""
    value: str = ""
    """What that column holds, in whatever case."""
    state: ClipState = ClipState.READY
    order: str = Order.IMPORTED
    """An `Order`, or `column:NAME` for a column of the manifest. Clips without a value come last."""
    descending: bool = False


COLUMN = "column:"
"""Begins the order by a column of the manifest."""
