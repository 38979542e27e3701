"""How a label looks and when it is given: its colour and its guideline. Neither changes what an answer counts as."""

from __future__ import annotations

import re

from sqlalchemy.orm import Session

from db.errors import LabelError
from db.models import Label
from db.records.people.events import record_event

COLOUR_EVENT, GUIDELINE_EVENT = "label-colour", "label-guideline"
MOST_CHARACTERS = 20_000
"""Of a guideline."""
_COLOUR = re.compile(r"#[0-9a-f]{6}")


def set_colour(session: Session, label_id: int, colour: str | None, *, by: str | None = None) -> None:
    """Give a label a colour, `#rrggbb`; None for the next one of the palette (needs a write session).

    Raises:
        LabelError: it is no such colour, or there is no such label.
    """
    wanted = None if colour is None else colour.lower()
    if wanted is not None and not _COLOUR.fullmatch(wanted):
        raise LabelError(f"{colour!r} is no colour; give one as #rrggbb, such as #3b76c0.")
    label = _label(session, label_id)
    if label.colour != wanted:
        record_event(session, COLOUR_EVENT, by=by, details={"label": label.name, "before": label.colour, "after": wanted})
        label.colour = wanted


def set_guideline(session: Session, label_id: int, markdown: str, *, by: str | None = None) -> None:
    """Write when a label is given, as Markdown; a blank text for no guideline (needs a write session).

    Raises:
        LabelError: the text is too long or cannot be stored, or there is no such label.
    """
    if len(markdown) > MOST_CHARACTERS:
        raise LabelError(f"The guideline has {len(markdown)} characters; shorten it to {MOST_CHARACTERS}.")
    if "\0" in markdown or (not markdown.isascii() and any("\ud800" <= each <= "\udfff" for each in markdown)):
        raise LabelError("The guideline holds characters that cannot be stored; type it anew.")
    label, wanted = _label(session, label_id), markdown.strip() or None
    if label.guideline != wanted:
        record_event(session, GUIDELINE_EVENT, by=by, details={"label": label.name, "before": label.guideline, "after": wanted})
        label.guideline = wanted


def _label(session: Session, label_id: int) -> Label:
    label = session.get(Label, label_id)
    if label is None:
        raise LabelError("There is no such label any more; reload the page.")
    return label
