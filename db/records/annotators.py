"""Annotators: the people and scripts who answer."""

from __future__ import annotations

import time
import unicodedata

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.errors import DecisionError
from db.models import Annotator

MOST_CHARACTERS = 64


def checked_name(name: str) -> str:
    """The name without surrounding space.

    Raises:
        DecisionError: it is blank, too long or holds unprintable characters.
    """
    stripped = name.strip()
    if not stripped or len(stripped) > MOST_CHARACTERS or not stripped.isprintable():
        raise DecisionError(f"{name!r} cannot be an annotator's name; use 1 to {MOST_CHARACTERS} printable characters.")
    return stripped


def name_key(name: str) -> str:
    """The same text for names that differ only in case or in Unicode form: they are one person."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def annotator_called(session: Session, name: str) -> Annotator | None:
    """The annotator who has this name, in whatever case; the one who has it to the letter, if several do."""
    key = name_key(checked_name(name))
    found = session.scalars(select(Annotator).where(Annotator.name_key == key).order_by(Annotator.id)).all()
    exact = [annotator for annotator in found if annotator.name == name.strip()]
    return next(iter([*exact, *found]), None)


def annotator_named(session: Session, name: str) -> Annotator:
    """The annotator called `name`. A new one is added, which needs a write session."""
    name = checked_name(name)
    found = annotator_called(session, name)
    if found is None:
        found = Annotator(name=name, name_key=name_key(name), created_at=time.time())
        session.add(found)
        session.flush()
    return found
