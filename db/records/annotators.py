"""Annotators: the people and scripts who answer."""

from __future__ import annotations

import time

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


def annotator_named(session: Session, name: str) -> Annotator:
    """The annotator called `name`. A new one is added, which needs a write session."""
    name = checked_name(name)
    found = session.scalars(select(Annotator).where(Annotator.name == name)).first()
    if found is None:
        found = Annotator(name=name, created_at=time.time())
        session.add(found)
        session.flush()
    return found
