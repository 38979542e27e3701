"""What another labelling tool, or an export of Earmark, hands over: a clip with the answers and predictions that belong to it.

Each reader of such files yields `HandedOverRow`. Who records them decides what becomes of a label that the project does not have,
or of an annotator whose name cannot be stored; so names and labels here are as the file has them.
"""

from __future__ import annotations

from dataclasses import dataclass

from db.imports.manifest import SourceRow
from db.models import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedAnswer:
    """One answer that somebody gave elsewhere."""

    answer: Answer
    """`undo` only in a log of Earmark's: it takes back the decision that `replaces` names."""
    label: str | None = None
    """Without surrounding space and never blank; None unless `answer` is a label."""
    annotator: str | None = None
    """As the file names the annotator; None where it does not."""
    gold: bool = False
    """Whether a reviewer fixed it."""
    given_at: float | None = None
    """Seconds since 1970; None where it is not known."""
    uuid: str | None = None
    """In its usual form; the same answer has the same one in every file."""
    seconds: float | None = None
    """From the first sound to the answer."""
    plays: int | None = None
    reason: str | None = None
    suggestion_shown: bool = False
    """Whether the annotator saw what a classifier expects, as far as the file says so."""
    replaces: str | None = None
    """UUID of the decision that an `undo` takes back."""
    source: str | None = None
    """Why the clip was asked there, in the words of the tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedSuggestion:
    """A label that a model predicted."""

    label: str
    """Without surrounding space, and never blank."""
    origin: str
    """What predicted it."""
    score: float | None = None
    """Its probability, 0 to 1; None where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOverRow:
    """A clip, and what was answered and predicted for it. Several rows may hold the same clip, with other answers."""

    clip: SourceRow
    """Its `label` is None: labels are in the answers."""
    answers: tuple[HandedAnswer, ...] = ()
    """In the order of the file."""
    suggestions: tuple[HandedSuggestion, ...] = ()
    """In the order of the file."""
