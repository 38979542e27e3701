"""What the browser may send, field by field; anything else is refused with one sentence."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from db.decisions.comments import MOST_CHARACTERS

Token = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Tab = Annotated[str, StringConstraints(max_length=64)]
"""Tells an annotator's tabs from one another."""
Number = Annotated[int, Field(ge=1, le=2**62)]
MOST_CLIPS = 20
"""Clips handed out at once."""
MOST_CELLS = 48
"""Clips in a grid."""
MOST_LEFT_OUT = 10_000
"""Clips that a grid is asked not to show."""
MOST_NAMED = 2000
"""Clips that a grid is asked to choose among."""
MOST_ANSWERS = 100
"""Answers taken in one request."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        # PostgreSQL stores no text with this character. Texts that UTF-8 cannot hold are refused as no texts at all.
        if isinstance(value, str) and "\0" in value:
            raise ValueError("it holds the character NUL, which cannot be stored")
        return value


class NextRequest(_Message):
    """Asks for clips, says which are held (their leases are renewed) and which are handed back."""

    session: Token
    tab: Tab | None = None
    want: Annotated[int, Field(ge=0, le=MOST_CLIPS)]
    holding: Annotated[list[Number], Field(max_length=200)] = []
    """Lease ids."""
    release: Annotated[list[Number], Field(max_length=200)] = []
    """Lease ids."""
    leaving: bool = False
    """Whether the page goes, so that everything it holds is handed back."""
    exclude: Annotated[list[Number], Field(max_length=500)] = []
    """Clip ids on screen, waiting, or answered but not yet acknowledged."""
    opus: bool = False
    """Whether their sounds will be fetched as Opus, so that it is made ahead."""
    level: bool = False
    """Whether they will be fetched at the common loudness."""


class GridRequest(_Message):
    """Asks for a grid of clips: those most probably of a label, those most like a clip, or those named; exactly one of these."""

    session: Token
    tab: Tab | None = None
    want: Annotated[int, Field(ge=1, le=MOST_CELLS)]
    likely: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """A label."""
    like: Number | None = None
    """A clip id."""
    among: Annotated[list[Number], Field(min_length=1, max_length=MOST_NAMED)] | None = None
    """Clip ids, in the order in which they are shown."""
    leave_out: Annotated[list[Number], Field(max_length=MOST_LEFT_OUT)] = []
    """Clip ids that were rejected or passed over."""
    release: Annotated[list[Number], Field(max_length=200)] = []
    """Lease ids."""

    @model_validator(mode="after")
    def _one_way_in(self) -> GridRequest:
        if [self.likely, self.like, self.among].count(None) != 2:
            raise ValueError("a grid is of one label or of one clip, or of clips that are named")
        return self


class AnswersRequest(_Message):
    """Answers in the order in which they were given; each is checked by itself, so that one bad answer holds up no other."""

    answers: Annotated[list[Any], Field(min_length=1, max_length=MOST_ANSWERS)]
    session: Token | None = None
    """Of the annotator at the page: their own answers are taken however old their tickets are."""


class Heard(_Message):
    """How a clip was heard, where that was not plain."""

    speed: Annotated[float, Field(ge=0.25, le=4)] | None = None
    gain: Annotated[float, Field(ge=-60, le=60)] | None = None
    """Decibels by which playback was made louder, with loudness normalisation on."""
    form: Literal["file", "wav", "opus"] | None = None
    """What was played: the file itself, or what was made of it for the browser."""
    share: Annotated[float, Field(ge=0, le=1)] | None = None
    """How far the clip was listened to."""
    context: bool | None = None
    """Whether what comes before and after was heard too."""
    grid: Annotated[str, StringConstraints(max_length=300)] | None = None
    """What the grid was asked for in which it was heard."""


class AnswerMessage(_Message):
    """One answer, the undo of one, a flag, or a remark."""

    uuid: UUID = Field(strict=False)
    ticket: Token
    answer: Literal["label", "unsure", "skip", "undo", "flag", "comment"]
    label: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    undoes: UUID | None = Field(default=None, strict=False)
    seconds: Annotated[float, Field(ge=0, lt=1e7)] | None = None
    plays: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    reason: Annotated[str, StringConstraints(max_length=500)] | None = None
    """Why it was skipped."""
    heard: Heard | None = None
    note: Annotated[str, StringConstraints(max_length=500)] | None = None
    """What the flag says; a flag without one takes the annotator's flag down."""
    text: Annotated[str, StringConstraints(min_length=1, max_length=MOST_CHARACTERS)] | None = None
    """What the remark says."""

    @model_validator(mode="after")
    def _parts_fit(self) -> AnswerMessage:
        if (self.answer == "label") != (self.label is not None):
            raise ValueError("a label is given exactly when labelling")
        if (self.answer == "undo") != (self.undoes is not None):
            raise ValueError("an undo names the answer it takes back, and nothing else does")
        if self.note is not None and self.answer != "flag":
            raise ValueError("only a flag carries a note")
        if (self.answer == "comment") != (self.text is not None):
            raise ValueError("a text is given exactly with a remark")
        return self


class UndoRequest(_Message):
    """Takes back the annotator's newest answer, whatever page gave it."""

    session: Token
    uuid: UUID = Field(strict=False)


class Preferences(_Message):
    """How an annotator likes the player."""

    speed: Annotated[float, Field(ge=0.25, le=4)] = 1.0
    loop: bool = False
    normalise: bool = False
    original: bool = False
    """Whether clips are played as they are, never as Opus."""
    goal: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Answers a session; 0 for none."""
    breaks: bool = True
    """Whether a break is proposed after a long streak."""
    guidelines_seen: Annotated[int, Field(ge=0, le=2**31)] = 0
    """The version of the guidelines that the annotator saw last."""
    replies_seen: Annotated[int, Field(ge=0, le=2**31)] = 0
    """The newest answer to a remark of theirs that the annotator saw."""


class PreferencesRequest(_Message):
    """Keeps an annotator's preferences."""

    session: Token
    preferences: Preferences


class GuideRequest(_Message):
    """Asks for the label guidelines."""

    session: Token


class RemarksRequest(_Message):
    """Asks for the annotator's remarks, and what others answered."""

    session: Token
    ticket: Token | None = None
    """Of the clip on screen."""


def complaint(error: ValidationError) -> str:
    """One sentence that names the first field that cannot be used."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "The message"
    reason = str(first["msg"]).removeprefix("Value error, ")
    sentence = f"{field} cannot be used: {reason}; reload the page."
    return "".join(character if character.isprintable() else "\ufffd" for character in sentence)
