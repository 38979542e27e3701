"""What the browser may send, field by field; anything else is refused with one sentence."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

Token = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Number = Annotated[int, Field(ge=1, le=2**62)]
MOST_CLIPS = 20
"""Clips handed out at once."""
MOST_ANSWERS = 100
"""Answers taken in one request."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class NextRequest(_Message):
    """Asks for clips, says which are held (their leases are renewed) and which are handed back."""

    session: Token
    want: Annotated[int, Field(ge=0, le=MOST_CLIPS)]
    holding: Annotated[list[Number], Field(max_length=200)] = []
    """Lease ids."""
    release: Annotated[list[Number], Field(max_length=200)] = []
    """Lease ids."""
    exclude: Annotated[list[Number], Field(max_length=500)] = []
    """Clip ids on screen, waiting, or answered but not yet acknowledged."""


class AnswersRequest(_Message):
    """Answers in the order in which they were given; each is checked by itself, so that one bad answer holds up no other."""

    answers: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MOST_ANSWERS)]


class AnswerMessage(_Message):
    """One answer, or the undo of one."""

    uuid: UUID = Field(strict=False)
    ticket: Token
    answer: Literal["label", "unsure", "skip", "undo"]
    label: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    undoes: UUID | None = Field(default=None, strict=False)
    seconds: Annotated[float, Field(ge=0, lt=1e7)] | None = None
    plays: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    reason: Annotated[str, StringConstraints(max_length=500)] | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> AnswerMessage:
        if (self.answer == "label") != (self.label is not None):
            raise ValueError("a label is given exactly when labelling")
        if (self.answer == "undo") != (self.undoes is not None):
            raise ValueError("an undo names the answer it takes back, and nothing else does")
        return self


class UndoRequest(_Message):
    """Takes back the annotator's newest answer, whatever page gave it."""

    session: Token
    uuid: UUID = Field(strict=False)


def complaint(error: ValidationError) -> str:
    """One sentence that names the first field that cannot be used."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "The message"
    reason = str(first["msg"]).removeprefix("Value error, ")
    return f"{field} cannot be used: {reason}; reload the page."
