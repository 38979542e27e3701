"""Annotators: the people and scripts who answer."""

from __future__ import annotations

import time
import unicodedata

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from db.errors import DecisionError
from db.models import Annotator, Comment, Decision, Flag

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


def is_person() -> ColumnElement[bool]:
    """SQL condition on `Annotator`: this person has given something, or a lead or the sign-in knows them.

    Clips that are handed out need a row too. Whoever only looked at a page, or mistyped their name, has one and is nobody.
    """
    gave = (select(table.id).where(table.annotator_id == Annotator.id).exists() for table in (Decision, Flag, Comment))
    return or_(Annotator.role.is_not(None), Annotator.identity.is_not(None), Annotator.preferences.is_not(None), *gave)


def annotator_identified(session: Session, identity: str) -> Annotator | None:
    """The annotator whom the sign-in knows by this identity."""
    return session.scalars(select(Annotator).where(Annotator.identity == identity)).first()


def signed_in_annotator(session: Session, *, identity: str, name: str) -> Annotator:
    """The annotator of this identity. A new one is added under a name that nobody else has (needs a write session)."""
    found = annotator_identified(session, identity)
    if found is None:
        name = free_name(session, name=name, identity=identity)
        found = Annotator(name=name, name_key=name_key(name), identity=identity, created_at=time.time())
        session.add(found)
        session.flush()
    return found


def free_name(session: Session, *, name: str, identity: str) -> str:
    """The name that a person of this identity gets: their own, with part of the identity where somebody else has it already.

    What the sign-in calls a person is text of a stranger: what cannot be a name is left out, and it is cut to the right length.
    """
    wanted, who = _printable(name) or _printable(identity) or "Someone", _printable(identity)
    yield_to = [wanted, f"{wanted[: MOST_CHARACTERS // 2]} ({who[: MOST_CHARACTERS // 2 - 3]})"]
    yield_to += [f"{wanted[: MOST_CHARACTERS // 2]} {number}" for number in range(2, 1000)]
    return next(each for each in yield_to if annotator_called(session, each) is None)


def _printable(text: str) -> str:
    kept = "".join(character for character in " ".join(text.split()) if character.isprintable())
    return kept[:MOST_CHARACTERS].strip()
